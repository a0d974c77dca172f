// Numbers, times and states as people read them.

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function count(n: number): string {
  return WHOLE.format(n);
}

/** `1 run`, `2,000 runs`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** 12,345 as 12.3K, where there is little room. */
export function short(n: number): string {
  return n < 10_000 ? WHOLE.format(n) : SHORT.format(n);
}

/** A value to at most six digits that carry meaning. */
export function value(x: unknown): string {
  if (x === null || x === undefined) return "–";
  if (typeof x !== "number") return String(x);
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return String(x);
  const text = Number(x.toPrecision(6));
  return Math.abs(text) >= 1e6 || (text !== 0 && Math.abs(text) < 1e-3) ? text.toExponential().replace("e+", "e") : String(text);
}

/** A length of time: `0.4 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function span(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds < 10) return `${seconds < 1 ? Number(seconds.toPrecision(2)) : Number(seconds.toFixed(1))} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  const two = (big: number, small: number, a: string, b: string): string => {
    const whole = Math.floor(s / big);
    const rest = Math.floor((s % big) / small);
    return rest === 0 || whole >= 20 ? `${whole} ${a}` : `${whole} ${a} ${rest} ${b}`;
  };
  if (s < 3600) return two(60, 1, "min", "s");
  if (s < 86_400) return two(3600, 60, "h", "min");
  return two(86_400, 3600, "d", "h");
}

export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let at = 0;
  let size = n;
  while (size >= 1024 && at < units.length - 1) {
    size /= 1024;
    at += 1;
  }
  return `${size >= 100 || at === 0 ? Math.round(size) : Number(size.toFixed(1))} ${units[at]}`;
}

/** `3 min ago`, `in 2 d`; a date when it is longer than a month away. */
export function ago(moment: string | null | undefined, now = Date.now()): string {
  if (!moment) return "never";
  const at = Date.parse(moment);
  if (Number.isNaN(at)) return moment;
  const seconds = (now - at) / 1000;
  const away = Math.abs(seconds);
  if (away < 10) return "just now";
  if (away > 30 * 86_400) return date(moment);
  const text = away < 60 ? `${Math.round(away)} s` : away < 3600 ? `${Math.round(away / 60)} min` : away < 86_400 ? `${Math.round(away / 3600)} h` : `${Math.round(away / 86_400)} d`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

export function date(moment: string): string {
  return new Date(moment).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

/** The moment in full, in the reader's time zone. */
export function exact(moment: string | null | undefined): string {
  if (!moment) return "";
  return new Date(moment).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "long" });
}

/** A word with a capital, for the start of a line. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export const CAUSES: Record<string, string> = {
  exit: "exit code",
  signal: "signal",
  "out-of-memory": "out of memory",
  "time-out": "time-out",
  "lost-worker": "lost worker",
  "bad-output": "bad output",
};
export const cause = (word: string): string => CAUSES[word] ?? word.replaceAll("-", " ");
