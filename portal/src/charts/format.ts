// Numbers, lengths of time and sizes as people read them.

import { minus, short } from "./ticks";

export { short };

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** `12,300`. */
export function count(n: number): string {
  return minus(WHOLE.format(n));
}

/** `1 run`, `12,300 runs`. */
export function runs(n: number): string {
  return `${count(n)} ${n === 1 ? "run" : "runs"}`;
}

/** A value of a table or a tooltip, in full where that is short. */
export function value(v: unknown): string {
  if (v === null || v === undefined) return "—";
  if (typeof v === "boolean") return v ? "true" : "false";
  if (typeof v !== "number") return String(v);
  if (Number.isInteger(v) && Math.abs(v) < 1e15) return count(v);
  const size = Math.abs(v);
  if (size >= 1e-4 && size < 1e7) return minus(String(Number(v.toPrecision(7))));
  return scientific(v);
}

function scientific(v: number): string {
  if (!Number.isFinite(v)) return short(v);
  const [lead, power] = v.toExponential(4).split("e");
  return minus(`${Number(lead)}e${Number(power)}`);
}

/** A value with all its digits. */
export function full(v: unknown): string {
  return typeof v === "number" && Number.isFinite(v) && !Number.isInteger(v) ? minus(String(v)) : value(v);
}

/** A value with its unit. */
export function withUnit(v: unknown, unit: string | null | undefined): string {
  return unit && v !== null && v !== undefined ? `${value(v)} ${unit}` : value(v);
}

/** `350 ms`, `12.4 s`, `3 min 20 s`, `5 h 10 min`, `3 d 4 h`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "—";
  if (seconds < 0) return "—";
  if (seconds === 0) return "0 s";
  if (seconds < 0.001) return `${Number((seconds * 1e6).toPrecision(3))} µs`;
  if (seconds < 0.9995) return `${Number((seconds * 1e3).toPrecision(3))} ms`;
  if (seconds < 59.95) return `${Number(seconds.toPrecision(3))} s`;
  const whole = Math.round(seconds);
  for (const [size, name, part, small] of [
    [86400, "d", 3600, "h"],
    [3600, "h", 60, "min"],
    [60, "min", 1, "s"],
  ] as const) {
    if (whole < size) continue;
    const rounded = Math.round(whole / part) * part;
    const rest = Math.round((rounded % size) / part);
    return rest === 0 ? `${Math.floor(rounded / size)} ${name}` : `${Math.floor(rounded / size)} ${name} ${rest} ${small}`;
  }
  return `${whole} s`;
}

/** Powers of 1024, as the study file writes them. */
export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined || !Number.isFinite(n)) return "—";
  const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let power = 0;
  while (n >= 1023.5 && power < names.length - 1) {
    n /= 1024;
    power += 1;
  }
  return `${power === 0 ? n : Number(n.toPrecision(3))} ${names[power]}`;
}

/** `42 /s`, `3.5 /min`: the larger unit where a rate is slow. */
export function rate(perSecond: number): string {
  if (!(perSecond > 0)) return "0 /s";
  if (perSecond >= 1000) return `${count(Math.round(perSecond))} /s`;
  if (perSecond >= 0.5) return `${Number(perSecond.toPrecision(3))} /s`;
  if (perSecond * 60 >= 0.5) return `${Number((perSecond * 60).toPrecision(3))} /min`;
  return `${Number((perSecond * 3600).toPrecision(3))} /h`;
}

/** `12.5 %`; never 0 or 100 unless it is. */
export function percent(part: number): string {
  if (part <= 0) return "0 %";
  if (part >= 1) return "100 %";
  const text = (part * 100).toFixed(part < 0.0995 || part > 0.995 ? 1 : 0);
  if (Number(text) === 0) return "< 0.1 %";
  if (Number(text) === 100) return "99.9 %";
  return `${text} %`;
}

const MOMENT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** A moment in the reader's time zone: `22 Nov 2026, 22:15:03`. */
export function moment(text: string | null | undefined): string {
  if (!text) return "—";
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  return MOMENT.format(at);
}
