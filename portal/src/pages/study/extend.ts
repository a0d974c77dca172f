// A block of new points: what is typed for each axis, how many points that makes, and what is sent.

import type { Cell } from "../../charts/types";
import { type AxisOf, axes } from "./choose";
import type { Study } from "./shapes";

export interface Row {
  name: string;
  unit: string | null;
  kind: string;
  how: "range" | "values" | "replicate";
  from: string;
  to: string;
  count: string;
  log: boolean;
  /** Separated by commas. */
  values: string;
  seed: number | null;
}

/** Points beyond this are a slip of the hand. */
const MOST = 1e12;

/** A row for each axis of the study, filled with what it has. */
export function rows(study: Study): Row[] {
  return axes(study).map((axis) => {
    const parameter = study.parameters.find(({ name }) => name === axis.name);
    const numeric = parameter?.kind === "float" || parameter?.kind === "integer";
    const how = axis.how === "replicate" ? "replicate" : axis.how === "range" || (axis.how === "sample" && numeric) ? "range" : "values";
    return {
      name: axis.name,
      unit: parameter?.unit ?? null,
      kind: parameter?.kind ?? "string",
      how,
      from: written(axis.from),
      to: written(axis.to),
      count: String(axis.count ?? (axis.how === "sample" ? 10 : 1)),
      log: axis.log,
      values: (axis.values ?? []).map(written).join(", "),
      seed: seedOf(study, axis),
    };
  });
}

function written(v: unknown): string {
  return v === null || v === undefined ? "" : String(v);
}

function seedOf(study: Study, axis: AxisOf): number | null {
  if (axis.how !== "replicate") return null;
  const found = /"replicate":\{"count":\d+,"seed":(\d+)/.exec(JSON.stringify(study.definition.space ?? null));
  return found ? Number(found[1]) : null;
}

/** Whether the points of its last block can go on by a number alone. */
export function continues(study: Study): boolean {
  const blocks = study.definition.space?.blocks;
  const last: unknown = Array.isArray(blocks) ? blocks[blocks.length - 1] : null;
  return JSON.stringify(last ?? null).includes('"sample":');
}

/** The values of a list, each as its parameter takes it; texts where it is not numeric. */
export function list(row: Row): Cell[] {
  const parts = row.values.split(",").map((part) => part.trim()).filter((part) => part !== "");
  if (row.kind === "boolean") return parts.map((part) => part === "true");
  return row.kind === "float" || row.kind === "integer" ? parts.map(Number) : parts;
}

/** What is wrong with a row, or `null`. */
export function fault(row: Row): string | null {
  const whole = (text: string) => /^\d+$/.test(text.trim()) && Number(text) >= 1;
  switch (row.how) {
    case "replicate":
      return whole(row.count) ? null : "a whole number of replicates, at least 1";
    case "values": {
      const values = list(row);
      if (values.length === 0) return "at least one value, separated by commas";
      return values.some((v) => typeof v === "number" && !Number.isFinite(v)) ? "numbers, separated by commas" : null;
    }
    case "range": {
      const [from, to] = [Number(row.from), Number(row.to)];
      if (row.from.trim() === "" || row.to.trim() === "" || !Number.isFinite(from) || !Number.isFinite(to)) return "two numbers, as 0.5 or 1e8";
      if (row.log && !(from > 0 && to > 0)) return "positive numbers, because its steps are factors";
      return whole(row.count) ? null : "a whole number of values, at least 1";
    }
  }
}

/** How many points the block has; `null` while something is wrong. */
export function size(all: readonly Row[]): number | null {
  if (all.length === 0 || all.some((row) => fault(row) !== null)) return null;
  const points = all.reduce((product, row) => product * (row.how === "values" ? list(row).length : Number(row.count)), 1);
  return points <= MOST ? points : null;
}

/** The block as the study file writes it. */
export function space(all: readonly Row[]): Record<string, unknown> {
  return Object.fromEntries(
    all.map((row): [string, unknown] => {
      if (row.how === "values") return [row.name, list(row)];
      if (row.how === "replicate") return [row.name, { replicate: Number(row.count), ...(row.seed === null ? {} : { seed: row.seed }) }];
      const range = { from: Number(row.from), to: Number(row.to), count: Number(row.count) };
      return [row.name, row.log ? { ...range, scale: "log" } : range];
    }),
  );
}

/** How long so many more points take, from what the study's runs took. `slots`: how many at once. */
export function cost(study: Study, points: number): { cpuSeconds: number; seconds: number | null } | null {
  const ended = study.succeeded + study.failed;
  if (ended === 0) return null;
  const rate = study.progress?.runs_per_second ?? 0;
  return { cpuSeconds: (study.cpu_seconds / ended) * points, seconds: rate > 0 ? points / rate : null };
}
