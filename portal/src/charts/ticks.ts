// Where an axis has its ticks and what is written at them.
//
// The same rules as crates/plot/src/ticks.rs, so that a chart on the page and a picture from `paramo plot` agree. Linear steps are
// 1, 2 or 5 times a power of ten. Logarithmic axes have powers of ten, with 1-2-5 steps between where they are few.

export interface Tick {
  value: number;
  /** `null`: a small tick without text. */
  label: string | null;
}

export interface Ticks {
  ticks: Tick[];
  /** What all labels are to be multiplied by or added to: `×10⁸`, `+1000000`. */
  common: string | null;
}

/** Whether labels at these places have room. */
export type Fits = (ticks: Tick[]) => boolean;

const STRIDES = [1, 2, 3, 4, 5, 6, 10, 20, 30, 50, 100, 150, 200, 300, 1000];

/** About `most` ticks at the most from `low` to `high`, both finite and different. `whole`: no steps below 1. */
export function linear(low: number, high: number, most: number, whole = false): Ticks {
  most = Math.max(1, most);
  let step = niceStep(Math.min(high / most - low / most, Number.MAX_VALUE / 2));
  if (whole) step = Math.max(1, step);
  const size = Math.max(Math.abs(low), Math.abs(high));
  const round = scaled(1, exponent(high / 4 - low / 4) + 2);
  // A long common start of all labels is told once.
  const offset = size / step > 1e6 && size > 1e-290 ? Math.round((low / 2 + high / 2) / round) * round : 0;
  const from = low - offset;
  const to = high - offset;
  // A hair of room, so that an end that is a tick is not lost to rounding.
  const first = Math.ceil(from / step - 1e-6);
  const count = Math.min(1000, Math.max(0, Math.floor(to / step + 1e-6) - first));
  const values = Array.from({ length: count + 1 }, (_, i) => (first + i) * step);
  const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const unit = exponent(step);
  const factor = largest >= 1e6 || (largest < 1e-3 && largest > 0) ? exponent(largest) : 0;
  const decimals = Math.min(100, Math.max(0, factor - unit));
  const common = [
    factor === 0 ? null : `×10${superscript(factor)}`,
    offset === 0 ? null : signed(offset, Math.max(0, -unit)),
  ].filter((part) => part !== null);
  return {
    ticks: values.map((v) => ({
      value: Math.min(high, Math.max(low, v + offset)),
      label: minus(scaled(v, -factor).toFixed(decimals)),
    })),
    common: common.length > 0 ? common.join(" ") : null,
  };
}

/** Ticks of a logarithmic axis over positive numbers. */
export function logarithmic(low: number, high: number, most: number, fits: Fits): Ticks {
  const from = Math.log10(low) - 1e-9;
  const to = Math.log10(high) + 1e-9;
  const first = Math.floor(from);
  const last = Math.ceil(to);
  const inside = (v: number) => Math.log10(v) >= from && Math.log10(v) <= to;
  const decades = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  // Short spans: name 1, 2, 5 or 1, 3 of each decade where there is room for it.
  if (to - from < 3) {
    for (const digits of [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3]]) {
      const named = decades.flatMap((p) => digits.map((d) => [d, p] as const)).filter(([d, p]) => inside(scaled(d, p)));
      if (named.length < 2 || named.length > Math.max(3, most)) continue;
      const plain = named.every(([, p]) => p >= -3 && p <= 4);
      const ticks = named.map(([d, p]) => ({ value: scaled(d, p), label: logLabel(d, p, plain) }));
      if (fits(ticks)) return { ticks: withSmall(ticks, decades, inside), common: null };
    }
  }
  const powers = decades.filter((p) => inside(scaled(1, p)));
  if (powers.length < 2) {
    // Less than a decade and no room for more: as on a linear axis.
    for (let n = Math.max(2, most); n >= 2; n--) {
      const ticks = linear(low, high, n);
      if (fits(ticks.ticks)) return ticks;
    }
    return { ticks: [], common: null };
  }
  const plain = powers.every((p) => p >= -3 && p <= 4);
  for (const stride of STRIDES) {
    const ticks = powers
      .filter((p) => p % stride === 0)
      .map((p) => ({ value: scaled(1, p), label: logLabel(1, p, plain) }));
    if ((ticks.length <= Math.max(2, most) && fits(ticks)) || ticks.length <= 1) {
      const small = stride === 1 && powers.length <= 10;
      return { ticks: small ? withSmall(ticks, decades, inside) : ticks, common: null };
    }
  }
  return { ticks: [], common: null };
}

/** Every name, or every second, fifth, tenth … so that they have room. */
export function named(names: readonly string[], fits: Fits): Ticks {
  for (let power = 0; power < 9; power++) {
    for (const digit of [1, 2, 5]) {
      const stride = digit * 10 ** power;
      const ticks: Tick[] = [];
      for (let i = 0; i < names.length; i += stride) ticks.push({ value: i, label: names[i] });
      if (ticks.length <= 1 || fits(ticks)) return { ticks, common: null };
    }
  }
  return { ticks: [], common: null };
}

/** Adds the unlabelled 1…9 of each decade. */
function withSmall(ticks: Tick[], decades: number[], inside: (v: number) => boolean): Tick[] {
  const known = new Set(ticks.map((tick) => tick.value));
  for (const power of decades) {
    for (let digit = 1; digit <= 9; digit++) {
      const value = scaled(digit, power);
      if (inside(value) && !known.has(value)) ticks.push({ value, label: null });
    }
  }
  return ticks;
}

function logLabel(digit: number, power: number, plain: boolean): string {
  if (plain) return String(scaled(digit, power));
  return digit === 1 ? `10${superscript(power)}` : `${digit}×10${superscript(power)}`;
}

/** 1, 2 or 5 times a power of ten, the next not below `raw`. */
export function niceStep(raw: number): number {
  const power = exponent(raw);
  const lead = scaled(raw, -power);
  return scaled([1, 2, 5].find((digit) => lead <= digit * 1.000001) ?? 10, power);
}

/** The power of ten of the first digit. */
export function exponent(v: number): number {
  const guess = Math.floor(Math.log10(Math.abs(v)));
  if (!Number.isFinite(guess)) return 0;
  // The logarithm of 1000 may be a hair below 3.
  return scaled(Math.abs(v), -guess) >= 10 ? guess + 1 : guess;
}

/** `v` times a power of ten; divided for negative powers, so that 3 × 10⁻¹ is 0.3; in two steps where one would overflow. */
export function scaled(v: number, power: number): number {
  if (power >= 0 && power <= 22) return v * 10 ** power;
  if (power < 0 && power >= -22) return v / 10 ** -power;
  const half = Math.trunc(power / 2);
  return v * 10 ** half * 10 ** (power - half);
}

function signed(v: number, decimals: number): string {
  const size = Math.abs(v);
  let text = size < 1e-6 || size >= 1e15 ? size.toExponential() : size.toFixed(Math.min(100, decimals));
  if (text.includes(".") && !text.includes("e")) text = text.replace(/\.?0+$/, "");
  return `${v < 0 ? "−" : "+"}${text}`;
}

/** A real minus sign, and none before zero. */
export function minus(text: string): string {
  if (!text.startsWith("-")) return text;
  const rest = text.slice(1);
  return /^[0.]*$/.test(rest) ? rest : `−${rest}`;
}

export function superscript(power: number): string {
  return [...String(power)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])).join("");
}

/** A number for a legend or a note: up to four digits, powers of ten where it is very large or small. */
export function short(v: number): string {
  if (v === 0) return "0";
  if (!Number.isFinite(v)) return Number.isNaN(v) ? "not a number" : v > 0 ? "∞" : "−∞";
  const power = exponent(v);
  if (power < -4 || power > 6) {
    const lead = minus(String(Math.round(scaled(v, -power) * 1000) / 1000));
    return lead === "1" ? `10${superscript(power)}` : `${lead}×10${superscript(power)}`;
  }
  const decimals = Math.max(0, 3 - power);
  return minus(String(scaled(Math.round(scaled(v, decimals)), -decimals)));
}
