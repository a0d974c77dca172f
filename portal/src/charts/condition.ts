// From a part of a chart to the condition that the table of runs understands: `1e8 <= k1 < 2e8 and mode == 'a'`.

import type { Cell } from "./types";

/** One column held to a value or a range. */
export type Part =
  | { column: string; equals: Cell }
  /** `open`: the upper end is not part of it. */
  | { column: string; from: number; to: number; open?: boolean };

const WORDS = new Set(["and", "or", "not", "in", "true", "false"]);

/** A name as the language of conditions takes it. */
export function nameOf(column: string): string {
  const bare = /^[\p{Alphabetic}_][\p{Alphabetic}\p{N}_.]*$/u.test(column) && !WORDS.has(column.toLowerCase());
  return bare ? column : `{${column}}`;
}

function literal(value: Cell): string {
  if (typeof value === "string") return value.includes("'") ? `"${value}"` : `'${value}'`;
  return String(value);
}

/** A border that a person drew: four digits are enough. */
export function rounded(v: number): number {
  return Number(v.toPrecision(4));
}

export function condition(parts: readonly Part[]): string {
  return parts
    .filter((part) => !("equals" in part) || part.equals !== null)
    .map((part) => {
      const name = nameOf(part.column);
      if ("equals" in part) return `${name} == ${literal(part.equals)}`;
      return `${part.from} <= ${name} ${part.open ? "<" : "<="} ${part.to}`;
    })
    .join(" and ");
}

/** Both conditions; each in parentheses where it is a choice. */
export function both(first: string, second: string): string {
  const one = (text: string) => (/\b(or)\b|\|\|/.test(text) ? `(${text})` : text);
  if (first.trim() === "") return second;
  if (second.trim() === "" || first.trim() === second.trim()) return first;
  return `${one(first.trim())} and ${one(second.trim())}`;
}
