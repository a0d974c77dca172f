// The rectangle in which marks are drawn: from values to pixels of the page and back, and what has room around it.

import { type Axis, place, ticks, title, valueAt } from "./scale";
import type { Tick } from "./ticks";

/** Pixels of the page, from the top left of the plot; upwards is smaller. */
export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
  /** Device pixels for each pixel of the page. */
  ratio: number;
  x(v: number): number;
  y(v: number): number;
  valueX(px: number): number;
  valueY(px: number): number;
  /** The nearest border between device pixels: what begins there is sharp. */
  snap(px: number): number;
}

export interface PlacedTick {
  at: number;
  label: string | null;
}

export interface AxisLayout {
  ticks: PlacedTick[];
  title: string;
}

export interface Layout {
  area: Area;
  x: AxisLayout | null;
  y: AxisLayout | null;
  bar: (AxisLayout & { left: number; width: number }) | null;
}

export interface Request {
  width: number;
  height: number;
  ratio: number;
  x: Axis | null;
  y: Axis | null;
  /** The first name is at the top. */
  down?: boolean;
  bar?: Axis | null;
  /** The width of a text in pixels. */
  measure(text: string): number;
}

/** Pixels between a label and the next. */
const GAP = 12;
const LINE = 15;
const BAR = 14;

/** The longest text on the left; longer names are cut by the page. */
export const WIDEST = 140;

export function layout(request: Request): Layout {
  const { x, y, bar = null, down = false, ratio, measure } = request;
  const top = y !== null || bar !== null ? 26 : 10;
  const bottom = x === null ? 10 : 44;
  const height = Math.max(40, request.height - top - bottom);
  const upright = (fits: number, axis: Axis, flip: boolean) => {
    const at = (v: number) => (flip ? place(axis, v) : 1 - place(axis, v)) * height;
    const room = (ticks: Tick[]) => apart(ticks.filter(isNamed).map((tick) => at(tick.value)), () => LINE);
    const found = ticks(axis, fits, room);
    return { at, found };
  };
  const wantedY = Math.max(2, Math.round(height / 56));
  const left = y === null ? null : upright(wantedY, y, down);
  const right = bar === null ? null : upright(wantedY, bar, false);
  const widest = (found: { ticks: Tick[] } | undefined) =>
    Math.min(WIDEST, Math.max(0, ...(found?.ticks ?? []).map((tick) => (tick.label === null ? 0 : measure(tick.label)))));
  const start = left === null ? 12 : Math.ceil(widest(left.found)) + 16;
  const end = right === null ? 14 : Math.ceil(widest(right.found)) + BAR + 34;
  const width = Math.max(40, request.width - start - end);
  const atX = (v: number) => (x === null ? v : place(x, v) * width);
  let across = null;
  if (x !== null) {
    const room = (ticks: Tick[]) => {
      const some = ticks.filter(isNamed);
      const wide = some.map((tick) => measure(tick.label ?? ""));
      return apart(some.map((tick) => atX(tick.value)), (i) => (wide[i] + wide[i + 1]) / 2 + GAP);
    };
    across = ticks(x, Math.max(2, Math.round(width / 90)), room);
  }
  const placed = (found: { ticks: Tick[] }, at: (v: number) => number): PlacedTick[] =>
    found.ticks.map((tick) => ({ at: at(tick.value), label: tick.label }));
  const area: Area = {
    left: start,
    top,
    width,
    height,
    ratio,
    x: atX,
    y: left?.at ?? ((v) => v),
    valueX: (px) => (x === null ? px : valueAt(x, px / width)),
    valueY: (px) => (y === null ? px : valueAt(y, down ? px / height : 1 - px / height)),
    snap: (px) => Math.round(px * ratio) / ratio,
  };
  return {
    area,
    x: x === null || across === null ? null : { ticks: placed(across, atX), title: title(x, across.common) },
    y: y === null || left === null ? null : { ticks: placed(left.found, left.at), title: title(y, left.found.common) },
    bar:
      bar === null || right === null
        ? null
        : {
            ticks: placed(right.found, right.at),
            title: title(bar, right.found.common),
            left: start + width + 16,
            width: BAR,
          },
  };
}

function isNamed(tick: Tick): boolean {
  return tick.label !== null;
}

/** Whether neighbours at these places keep their distance. */
export function apart(places: number[], distance: (i: number) => number): boolean {
  for (let i = 0; i + 1 < places.length; i++) {
    if (Math.abs(places[i + 1] - places[i]) < distance(i)) return false;
  }
  return true;
}
