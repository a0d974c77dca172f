// What somebody chose for a parameter, and the axis of the space that it makes. The server checks it again; here only what is typed is read.

import type { Cell, Parameter } from "../../api/shapes";

export type Mode = "default" | "one" | "list" | "range" | "step" | "log" | "replicate" | "design" | "design-log";

/** What stands in the fields of one parameter, as typed. */
export interface Chosen {
  mode: Mode;
  one: string;
  list: string;
  from: string;
  to: string;
  count: string;
  step: string;
}

export interface Design {
  method: string;
  count: string;
  seed: string;
}

export interface Method {
  method: string;
  label: string;
  help: string;
  size: "" | "count" | "trajectories";
  start: string;
}

export const METHODS: readonly Method[] = [
  { method: "sobol", label: "Sobol’ sequence", help: "An even filling of the space; best with a power of two. It can be continued.", size: "count", start: "64" },
  { method: "latin-hypercube", label: "Latin hypercube", help: "Even on every single axis.", size: "count", start: "50" },
  { method: "halton", label: "Halton sequence", help: "An even filling with any number of points. It can be continued.", size: "count", start: "50" },
  { method: "random", label: "Random", help: "Independent points.", size: "count", start: "100" },
  { method: "morris", label: "Morris screening", help: "Which few of many parameters matter.", size: "trajectories", start: "10" },
  { method: "saltelli", label: "Saltelli", help: "Sobol’ indices: how much of the variance each parameter makes.", size: "count", start: "64" },
  { method: "central-composite", label: "Central composite", help: "A quadratic response surface. Its size follows from the parameters.", size: "", start: "" },
  { method: "box-behnken", label: "Box–Behnken", help: "A quadratic response surface without corners, for 3 to 7 or 9 to 12 parameters.", size: "", start: "" },
  { method: "plackett-burman", label: "Plackett–Burman", help: "Many parameters on two levels in the fewest runs.", size: "", start: "" },
];

export const numeric = (parameter: Parameter): boolean => parameter.kind === "integer" || parameter.kind === "float";

/** The ways to choose that fit a parameter. */
export function modes(parameter: Parameter, design: boolean): { value: Mode; label: string }[] {
  const all: { value: Mode; label: string }[] = [];
  const given = parameter.default !== undefined && parameter.default !== null;
  if (given) all.push({ value: "default", label: `as usual (${String(parameter.default)})` });
  all.push({ value: "one", label: "one value" }, { value: "list", label: parameter.kind === "choice" || parameter.kind === "boolean" ? "several" : "list" });
  if (!numeric(parameter)) return all;
  if (design) all.push({ value: "design", label: "in the design" }, { value: "design-log", label: "in the design, logarithmic" });
  all.push({ value: "range", label: "range" }, { value: "log", label: "logarithmic range" }, { value: "step", label: "range by step" });
  if (parameter.kind === "integer") all.push({ value: "replicate", label: "repetitions" });
  return all;
}

/** What stands there at first: the default where there is one, else one value. */
export function start(parameter: Parameter): Chosen {
  const { minimum, maximum, default: given, kind, choices } = parameter;
  const known = given !== undefined && given !== null;
  return {
    mode: known ? "default" : "one",
    one: known ? String(given) : kind === "boolean" ? "true" : kind === "choice" ? String(choices?.[0] ?? "") : "",
    list: known ? String(given) : "",
    from: bound(minimum),
    to: bound(maximum),
    count: "5",
    step: "",
  };
}

export type Axis = Cell | Cell[] | Record<string, Cell>;
export type Read<T> = { ok: T } | { wrong: string };

/** As people write it: 1e10, not 10000000000. */
function bound(x: number | null | undefined): string {
  if (x === null || x === undefined) return "";
  const [plain, short] = [String(x), x.toExponential().replace("e+", "e")];
  return short.length < plain.length ? short : plain;
}

/** The axis that was chosen; `undefined`: the parameter keeps its default. */
export function axis(parameter: Parameter, chosen: Chosen): Read<Axis | undefined> {
  switch (chosen.mode) {
    case "default":
      return { ok: undefined };
    case "one":
      return value(parameter, chosen.one);
    case "list":
      return list(parameter, chosen.list);
    case "replicate":
      return whole(chosen.count, "repetitions", (replicate) => ({ replicate }));
    case "range":
    case "log":
      return ends(chosen, (from, to) =>
        whole(chosen.count, "the number of values", (count) => ({ from, to, count, ...(chosen.mode === "log" && { scale: "log" }) })),
      );
    case "step":
      return ends(chosen, (from, to) => {
        const step = number(chosen.step);
        return step === null || step <= 0 ? { wrong: "the step is a number above 0" } : { ok: { from, to, step } };
      });
    case "design":
    case "design-log":
      return ends(chosen, (from, to) => ({ ok: { from, to, ...(chosen.mode === "design-log" && { scale: "log" }) } }));
  }
}

/** The block of the design; `null`: it is a grid. */
export function sample(design: Design | null): Read<Record<string, Cell> | null> {
  if (!design) return { ok: null };
  const method = METHODS.find((one) => one.method === design.method);
  const seed = number(design.seed);
  if (design.seed.trim() !== "" && (seed === null || !Number.isInteger(seed) || seed < 0)) return { wrong: "the seed is a whole number from 0" };
  const rest: Record<string, Cell> = seed === null ? {} : { seed };
  if (!method?.size) return { ok: { method: design.method, ...rest } };
  const size = method.size;
  return whole(design.count, "the size of the design", (count) => ({ method: design.method, [size]: count, ...rest }));
}

/** How many values an axis has by itself; those of a design count together. */
export function values(read: Axis | undefined): number | null {
  if (read === undefined || read === null || typeof read !== "object") return 1;
  if (Array.isArray(read)) return read.length;
  if (typeof read.count === "number") return read.count;
  if (typeof read.replicate === "number") return read.replicate;
  const { from, to, step } = read;
  if (typeof from === "number" && typeof to === "number" && typeof step === "number") return Math.floor((to - from) / step + 1e-9) + 1;
  return null;
}

export function value(parameter: Parameter, typed: string): Read<Cell> {
  const text = typed.trim();
  if (text === "" && parameter.kind !== "string") return { wrong: "a value is needed" };
  if (parameter.kind === "boolean") return text === "true" || text === "false" ? { ok: text === "true" } : { wrong: "true or false" };
  if (parameter.kind === "choice") {
    const choice = parameter.choices?.find((choice) => String(choice) === text);
    return choice === undefined ? { wrong: `one of ${(parameter.choices ?? []).join(", ")}` } : { ok: choice };
  }
  if (!numeric(parameter)) return { ok: typed };
  const n = number(text);
  if (n === null) return { wrong: "a number, such as 0.5 or 1e9" };
  if (parameter.kind === "integer" && !Number.isInteger(n)) return { wrong: "a whole number" };
  const { minimum, maximum } = parameter;
  if (minimum !== null && minimum !== undefined && n < minimum) return { wrong: `at least ${minimum}` };
  if (maximum !== null && maximum !== undefined && n > maximum) return { wrong: `at most ${maximum}` };
  return { ok: n };
}

function list(parameter: Parameter, typed: string): Read<Cell[]> {
  const parts = typed
    .split(/[,\n;]/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length === 0) return { wrong: "at least one value; several are parted by commas" };
  const found: Cell[] = [];
  for (const part of parts) {
    const one = value(parameter, part);
    if ("wrong" in one) return { wrong: `${part}: ${one.wrong}` };
    found.push(one.ok);
  }
  return { ok: found };
}

function ends<T>({ from, to }: Chosen, make: (from: number, to: number) => Read<T>): Read<T> {
  const [low, high] = [number(from), number(to)];
  if (low === null || high === null) return { wrong: "a range has two numbers, from and to" };
  return make(low, high);
}

function whole<T>(typed: string, what: string, make: (n: number) => T): Read<T> {
  const n = number(typed);
  return n === null || !Number.isInteger(n) || n < 1 ? { wrong: `${what} is a whole number from 1` } : { ok: make(n) };
}

function number(typed: string): number | null {
  const text = typed.trim();
  const n = Number(text);
  return text === "" || !Number.isFinite(n) ? null : n;
}
