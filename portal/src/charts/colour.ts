// Colour scales for values. Viridis and cividis get lighter evenly and read with colour-blind eyes; blue to red only around a zero that
// means something, as in crates/plot/src/colour.rs.

import { type Axis, type Scale, numbers, place } from "./scale";

export type Palette = "viridis" | "cividis";

/** Viridis; S. van der Walt and N. Smith (2015), CC0. Every eighth of its 256 colours; what lies between is mixed. */
const VIRIDIS =
  "440154 470d60 48186a 482374 472d7b 453781 424086 3e4989 3b528b 375b8d 33638d 2f6b8e 2c728e 297a8e 26828e 23898e 21918c " +
  "1f978b 1f9f88 21a685 27ad81 31b57b 3dbc74 4cc26c 5cc863 6ece58 81d34d 95d840 aadc32 c0df25 d5e21a eae51a fde725";

/** RdBu, blue for low values; M. Harrower and C. A. Brewer (2003), "ColorBrewer.org". */
const BLUE_RED = "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f";

/** M. Okabe and K. Ito (2008), "Color Universal Design"; the last two as in `paramo plot`. Names of custom properties win over these. */
export const SERIES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#666666", "#b3a000"];

export type Rgb = readonly [number, number, number];

function parse(text: string): Rgb[] {
  return text.split(" ").map((hex) => {
    const colour = parseInt(hex, 16);
    return [colour >> 16, (colour >> 8) & 255, colour & 255];
  });
}

/** Cividis (J. R. Nuñez, C. R. Anderton, R. S. Renslow 2018) by the polynomial of d3-scale-chromatic. */
function cividis(t: number): Rgb {
  const r = -4.54 - t * (35.34 - t * (2381.73 - t * (6402.7 - t * (7024.72 - t * 2710.57))));
  const g = 32.49 + t * (170.73 + t * (52.82 - t * (131.46 - t * (176.58 - t * 67.37))));
  const b = 81.24 + t * (442.36 - t * (2482.43 - t * (6167.24 - t * (6614.94 - t * 2475.67))));
  const whole = (c: number) => Math.round(Math.min(255, Math.max(0, c)));
  return [whole(r), whole(g), whole(b)];
}

/** 256 colours from anchors at equal distances. */
function spread(anchors: Rgb[]): Rgb[] {
  return Array.from({ length: 256 }, (_, level) => {
    const at = (level / 255) * (anchors.length - 1);
    const from = Math.min(anchors.length - 2, Math.floor(at));
    return mix(anchors[from], anchors[from + 1], at - from);
  });
}

export function mix(a: Rgb, b: Rgb, part: number): Rgb {
  const one = (i: 0 | 1 | 2) => Math.round(a[i] + (b[i] - a[i]) * part);
  return [one(0), one(1), one(2)];
}

const TABLES = {
  viridis: spread(parse(VIRIDIS)),
  cividis: Array.from({ length: 256 }, (_, level) => cividis(level / 255)),
  diverging: spread(parse(BLUE_RED)),
};

export interface ColourScale {
  axis: Axis;
  /** From low to high. */
  table: readonly Rgb[];
}

/**
 * A scale over finite values. White at zero where both signs matter: the smaller side has at least a third of the larger one.
 * Dots and lines lie on a ground of that lightness and would be lost in colours like it: they diverge never, and leave out the palest or
 * the darkest part of the scale.
 */
export function colourScale(
  label: string,
  unit: string | null,
  low: number,
  high: number,
  options: { palette?: Palette; scale?: Scale; dots?: "light" | "dark" } = {},
): ColourScale {
  const { palette = "viridis", scale = "linear", dots } = options;
  const most = Math.max(high, -low);
  const diverging = !dots && scale === "linear" && low < 0 && high > 0 && Math.min(high, -low) >= most / 3;
  if (diverging) return { axis: numbers(label, unit, -most, most), table: TABLES.diverging };
  const table = TABLES[palette];
  const [from, to] = dots === "light" ? [0, 0.88] : dots === "dark" ? [0.24, 1] : [0, 1];
  const part = dots ? table.map((_, level) => table[Math.round((from + (to - from) * (level / 255)) * 255)]) : table;
  return { axis: numbers(label, unit, low, high, scale), table: part };
}

/** Which of the 256 colours; values outside get that of the end. */
export function level(scale: ColourScale, v: number): number {
  return Math.round(Math.min(1, Math.max(0, place(scale.axis, v))) * 255);
}

export function colourOf(scale: ColourScale, v: number): Rgb {
  return scale.table[level(scale, v)];
}

export function css([r, g, b]: Rgb): string {
  return `rgb(${r} ${g} ${b})`;
}

/** Lightness of CIELAB (1976), 0 to 100. */
export function lightness(colour: Rgb): number {
  const y = luminance(colour);
  return y > 0.008856 ? 116 * Math.cbrt(y) - 16 : 903.3 * y;
}

/** Relative luminance, 0 to 1 (WCAG 2). */
export function luminance([r, g, b]: Rgb): number {
  const straight = (channel: number) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * straight(r) + 0.7152 * straight(g) + 0.0722 * straight(b);
}
