// From values to places and back: 0 at the start of an axis, 1 at its end.

import { type Fits, type Ticks, linear, logarithmic, named, short } from "./ticks";

export type Scale = "linear" | "log";

export interface Axis {
  /** What it shows, without the unit. */
  label: string;
  unit: string | null;
  span: Numbers | Names;
}

export interface Numbers {
  kind: Scale;
  low: number;
  high: number;
  /** Counts: no ticks between whole numbers. */
  whole?: boolean;
  /** Has its ticks at these values if there is room for all of them. */
  marks?: readonly number[];
}

/** One place for each name; the value is the index. */
export interface Names {
  kind: "names";
  names: string[];
}

/** An axis over numbers, `low` and `high` made different where they are not. */
export function numbers(
  label: string,
  unit: string | null,
  low: number,
  high: number,
  scale: Scale = "linear",
  whole = false,
): Axis {
  if (!(Number.isFinite(low) && Number.isFinite(high))) [low, high] = [0, 1];
  if (scale === "log" && !(low > 0)) scale = "linear";
  if (scale === "log") {
    if (!(low < high)) [low, high] = [low / 2, Math.min(high * 2, Number.MAX_VALUE)];
    return { label, unit, span: { kind: "log", low, high } };
  }
  [low, high] = widened(low, high);
  return { label, unit, span: { kind: "linear", low, high, whole } };
}

export function names(label: string, unit: string | null, values: readonly unknown[]): Axis {
  return { label, unit, span: { kind: "names", names: values.map((value) => String(value)) } };
}

/** With 4 % of room at both ends, so that nothing lies on the frame. */
export function roomy(axis: Axis, part = 0.04): Axis {
  const { span } = axis;
  if (span.kind === "names") return axis;
  if (span.kind === "log") {
    const room = (Math.log(span.high) - Math.log(span.low)) * part;
    const low = Math.max(Number.MIN_VALUE, Math.exp(Math.log(span.low) - room));
    const high = Math.min(Number.MAX_VALUE, Math.exp(Math.log(span.high) + room));
    return { ...axis, span: { ...span, low, high } };
  }
  const room = span.high * part - span.low * part;
  return { ...axis, span: { ...span, low: span.low - room, high: span.high + room } };
}

/** Where a value lies. */
export function place(axis: Axis, v: number): number {
  const { span } = axis;
  switch (span.kind) {
    case "linear":
      // Quarters, because the whole may overflow.
      return (v / 4 - span.low / 4) / (span.high / 4 - span.low / 4);
    case "log":
      return (Math.log(v) - Math.log(span.low)) / (Math.log(span.high) - Math.log(span.low));
    case "names":
      return (v + 0.5) / Math.max(1, span.names.length);
  }
}

/** The value at a place: the opposite of `place`. */
export function valueAt(axis: Axis, at: number): number {
  const { span } = axis;
  switch (span.kind) {
    case "linear":
      return span.high * at + span.low * (1 - at);
    case "log":
      return Math.exp(Math.log(span.high) * at + Math.log(span.low) * (1 - at));
    case "names":
      return span.names.length * at - 0.5;
  }
}

/** About `wanted` named ticks for which there is room. */
export function ticks(axis: Axis, wanted: number, fits: Fits): Ticks {
  const { span } = axis;
  if (span.kind === "names") return named(span.names, fits);
  const marked = (span.marks ?? []).map((value) => ({ value, label: short(value) }));
  if (marked.length > 1 && marked.length <= wanted * 2 && fits(marked)) return { ticks: marked, common: null };
  if (span.kind === "log") return logarithmic(span.low, span.high, wanted + 1, fits);
  let best: Ticks = { ticks: [], common: null };
  let cost = Infinity;
  for (let n = 1; n <= wanted * 2 + 2; n++) {
    const choice = linear(span.low, span.high, n, span.whole);
    const count = choice.ticks.length;
    if (count !== 1 && !fits(choice.ticks)) continue;
    const price = (count < 2 ? 1000 : 0) + Math.abs(count - wanted) - count / 1000;
    if (price < cost) [best, cost] = [choice, price];
  }
  return best;
}

/** `k1 (1/min)`, with the factor of the ticks where they have one. */
export function title(axis: Axis, common: string | null = null): string {
  const unit = axis.unit === null ? "" : `(${axis.unit})`;
  return [axis.label, common ?? "", unit].filter((part) => part !== "").join(" ");
}

/** Whether sorted positive numbers are rather spread by factors than by steps. */
export function looksLogarithmic(sorted: readonly number[]): boolean {
  if (sorted.length < 3 || !(sorted[0] > 0)) return false;
  const first = sorted[0];
  const last = sorted[sorted.length - 1];
  if (last / first < 10) return false;
  const middle = sorted[Math.floor(sorted.length / 2)];
  const straight = Math.abs(middle - (first + last) / 2) / (last - first);
  const bent = Math.abs(Math.log(middle) - (Math.log(first) + Math.log(last)) / 2) / Math.log(last / first);
  return bent < straight / 2;
}

/** The borders of cells around values that have equal steps or equal factors; `null` where they have neither. */
export function cellEdges(values: readonly number[]): { scale: Scale; edges: number[] } | null {
  const n = values.length;
  if (n === 1) {
    const room = Math.abs(values[0]) > 0 ? Math.abs(values[0]) * 0.1 : 0.5;
    return { scale: "linear", edges: [values[0] - room, values[0] + room] };
  }
  for (const scale of ["linear", "log"] as const) {
    if (scale === "log" && !(values[0] > 0)) continue;
    const to = scale === "log" ? Math.log : (v: number) => v;
    const from = scale === "log" ? Math.exp : (v: number) => v;
    const step = (to(values[n - 1]) - to(values[0])) / (n - 1);
    // A hundredth of a step, for values that were rounded to whole numbers.
    const even = values.every((v, i) => Math.abs(to(v) - to(values[0]) - i * step) <= Math.abs(step) * 0.011);
    if (even && step > 0) {
      return { scale, edges: Array.from({ length: n + 1 }, (_, i) => from(to(values[0]) + (i - 0.5) * step)) };
    }
  }
  return null;
}

function widened(low: number, high: number): [number, number] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high / 4 - low / 4 > Math.max(size * 1e-13, 1e-300)) return [low, high];
  const middle = low / 2 + high / 2;
  const room = size > 1e-290 ? size * 0.1 : 1;
  return [middle - room, middle + room];
}
