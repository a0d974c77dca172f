// Which chart to show first, and what can stand on its axes.

import type { PlotKind } from "../../charts/types";
import type { Study } from "./shapes";

export interface Choice {
  kind: PlotKind;
  x: string;
  y: string;
  value: string;
  colour: string;
  statistic: string;
  columns: string[];
}

export interface KindOf {
  kind: PlotKind;
  name: string;
  /** The columns that it asks for. */
  needs: ("x" | "y" | "value" | "colour" | "statistic" | "columns")[];
}

export const KINDS: KindOf[] = [
  { kind: "heatmap", name: "Heat map", needs: ["x", "y", "value", "statistic"] },
  { kind: "line", name: "Line", needs: ["x", "value", "statistic", "colour"] },
  { kind: "scatter", name: "Scatter", needs: ["x", "y", "colour"] },
  { kind: "histogram", name: "Histogram", needs: ["x"] },
  { kind: "parallel", name: "Parallel coordinates", needs: ["columns"] },
];

export const STATISTICS = ["mean", "median", "min", "max", "sd", "sum", "count"] as const;

/** Times that every run has. */
export const MEASURED = [
  { name: "wall", unit: "s" },
  { name: "cpu", unit: "s" },
];

/** At the most this many axes side by side at first. */
const PARALLEL = 8;

export interface Column {
  name: string;
  unit: string | null;
  role: "parameter" | "output" | "measured";
  /** Whether it can be averaged, as far as its declaration tells. */
  numeric: boolean;
}

export function columns(study: Study): Column[] {
  const taken = new Set([...study.parameters, ...study.outputs].map((column) => column.name));
  return [
    ...study.parameters.map(({ name, unit, kind }) => ({
      name,
      unit,
      role: "parameter" as const,
      numeric: kind === "float" || kind === "integer",
    })),
    ...study.outputs.map(({ name, unit }) => ({ name, unit, role: "output" as const, numeric: true })),
    // What Paramo measures has another name where an output is called like it.
    ...MEASURED.filter(({ name }) => !taken.has(name)).map(({ name, unit }) => ({ name, unit, role: "measured" as const, numeric: true })),
  ];
}

/** An axis of a space: one parameter that takes different values. */
export interface AxisOf {
  name: string;
  how: "values" | "range" | "replicate" | "sample" | "points";
  /** Number of values; `null` where it cannot be told. */
  count: number | null;
  /** The values where they are written down. */
  values: unknown[] | null;
  from: unknown;
  to: unknown;
  log: boolean;
}

type Tree = Record<string, unknown>;

function tree(node: unknown): Tree {
  return node !== null && typeof node === "object" && !Array.isArray(node) ? (node as Tree) : {};
}

function list(node: unknown): unknown[] {
  return Array.isArray(node) ? node : [];
}

function axis(name: string, spec: unknown): AxisOf {
  const nothing = { name, values: null, from: null, to: null, log: false, count: null };
  const { values, range, replicate } = tree(spec);
  if (Array.isArray(values)) return { ...nothing, how: "values", values, count: values.length };
  if (replicate !== undefined) return { ...nothing, how: "replicate", count: Number(tree(replicate).count) };
  const { from, to, steps, scale } = tree(range);
  const { count, by } = tree(steps);
  const stepped = typeof by === "number" && by > 0 ? Math.floor((Number(to) - Number(from)) / by + 1e-9) + 1 : null;
  return { ...nothing, how: "range", from, to, log: scale === "log", count: typeof count === "number" ? count : stepped };
}

/** The axes of a space in their order, each parameter once: those of later blocks extend the same ones. */
export function axes(study: Study): AxisOf[] {
  const found = new Map<string, AxisOf>();
  const add = (one: AxisOf) => {
    if (!found.has(one.name)) found.set(one.name, one);
  };
  const pairs = (node: unknown) => list(node).map((pair) => [String(list(pair)[0]), list(pair)[1]] as const);
  const visit = (blocks: unknown): void => {
    for (const factor of list(blocks).flatMap((block) => list(tree(block).factors)).map(tree)) {
      if (factor.axis) add(axis(String(list(factor.axis)[0]), list(factor.axis)[1]));
      for (const [name, spec] of pairs(factor.zip)) add(axis(name, spec));
      for (const [name, spec] of pairs(tree(factor.sample).dimensions)) {
        const [kind, range] = Object.entries(tree(spec))[0] ?? ["", null];
        const { from = null, to = null } = tree(range);
        add({ name, how: "sample", count: null, values: null, from, to, log: kind.startsWith("log") });
      }
      for (const name of list(tree(factor.points).columns)) {
        add({ name: String(name), how: "points", count: null, values: null, from: null, to: null, log: false });
      }
      visit(factor.blocks);
    }
  };
  visit(study.definition.space?.blocks);
  return [...found.values()];
}

/**
 * The first choice: two numeric axes make a heat map of the mean of the first output, one a line, many parallel coordinates; points that
 * lie on no grid a scatter coloured by the output.
 */
export function first(study: Study): Choice {
  const all = columns(study);
  const parameters = all.filter((column) => column.role === "parameter");
  const spec = new Map(axes(study).map((axis) => [axis.name, axis]));
  // A replicate tells runs apart and means nothing as an axis.
  const meaning = parameters.filter(({ name }) => {
    const axis = spec.get(name);
    return axis && axis.how !== "replicate" && axis.count !== 1;
  });
  const numeric = meaning.filter((column) => column.numeric);
  const value = all.find((column) => column.role === "output")?.name ?? all.find((column) => column.role === "measured")?.name ?? "";
  const [x, y] = numeric;
  const scattered = numeric.some(({ name }) => ["sample", "points"].includes(spec.get(name)?.how ?? ""));
  const kind: PlotKind =
    numeric.length > 3 ? "parallel" : y ? (scattered ? "scatter" : "heatmap") : x ? (scattered ? "scatter" : "line") : "histogram";
  const names = meaning.find((column) => !column.numeric)?.name ?? "";
  const colour = kind === "scatter" && y ? value : kind === "line" ? names : "";
  const outputs = all.filter((column) => column.role === "output");
  return {
    kind,
    x: kind === "histogram" ? value : (x?.name ?? parameters[0]?.name ?? value),
    y: y?.name ?? outputs[0]?.name ?? value,
    value,
    colour,
    statistic: "mean",
    columns: [...meaning, ...outputs].slice(0, PARALLEL).map((column) => column.name),
  };
}

/** The columns for a kind when one changes to it: what was chosen stays where it makes sense. */
export function adapt(study: Study, choice: Choice, kind: PlotKind): Choice {
  const start = first(study);
  const parameter = (name: string) => study.parameters.some((column) => column.name === name);
  const outputs = study.outputs.map((output) => output.name);
  if (kind === "histogram") return { ...choice, kind, x: parameter(choice.x) ? choice.value || start.value : choice.x };
  if (kind === "scatter") {
    const y = parameter(choice.y) ? choice.value || outputs[0] || choice.y : choice.y;
    return { ...choice, kind, y, x: choice.x === y ? (outputs.find((name) => name !== y) ?? start.x) : choice.x };
  }
  if (kind === "heatmap") {
    const numeric = columns(study).filter((column) => column.role === "parameter").map((column) => column.name);
    const x = parameter(choice.x) ? choice.x : (numeric[0] ?? choice.x);
    const y = parameter(choice.y) && choice.y !== x ? choice.y : (numeric.find((name) => name !== x) ?? choice.y);
    return { ...choice, kind, x, y };
  }
  if (kind === "line") return { ...choice, kind, x: parameter(choice.x) ? choice.x : start.x };
  return { ...choice, kind, columns: choice.columns.length > 1 ? choice.columns : start.columns };
}

/** What to ask of `/plot/{kind}`. */
export function query(choice: Choice): Record<string, string> {
  const needs = KINDS.find(({ kind }) => kind === choice.kind)?.needs ?? [];
  const asked: Record<string, string> = {};
  for (const need of needs) {
    const value = need === "columns" ? choice.columns.join(",") : choice[need];
    if (value !== "") asked[need] = value;
  }
  return asked;
}
