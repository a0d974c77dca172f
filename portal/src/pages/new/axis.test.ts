// What is chosen becomes the axis that a study file would have.
import { describe, expect, it } from "vitest";
import type { Parameter } from "../../api/shapes";
import { type Chosen, axis, modes, sample, start, values } from "./axis";

const K: Parameter = { name: "k", kind: "float", minimum: 0, maximum: 10 };
const N: Parameter = { name: "n", kind: "integer", default: 3 };
const MODE: Parameter = { name: "mode", kind: "choice", choices: ["euler", "rk4", 7] };

const chosen = (parameter: Parameter, change: Partial<Chosen>) => axis(parameter, { ...start(parameter), ...change });

describe("axis", () => {
  it.each<[Parameter, Partial<Chosen>, unknown]>([
    [N, {}, undefined],
    [K, { mode: "one", one: " 2.5 " }, 2.5],
    [K, { mode: "one", one: "1e1" }, 10],
    [K, { mode: "list", list: "1, 2;3\n4," }, [1, 2, 3, 4]],
    [K, { mode: "range", from: "0", to: "1", count: "11" }, { from: 0, to: 1, count: 11 }],
    [K, { mode: "log", from: "1e-2", to: "1", count: "3" }, { from: 0.01, to: 1, count: 3, scale: "log" }],
    [K, { mode: "step", from: "0", to: "1", step: "0.1" }, { from: 0, to: 1, step: 0.1 }],
    [K, { mode: "design-log", from: "1", to: "10" }, { from: 1, to: 10, scale: "log" }],
    [N, { mode: "replicate", count: "4" }, { replicate: 4 }],
    [MODE, { mode: "list", list: "rk4,7" }, ["rk4", 7]],
    [{ name: "b", kind: "boolean" }, { mode: "one", one: "false" }, false],
    [{ name: "s", kind: "string" }, { mode: "one", one: "" }, ""],
  ])("%o %o", (parameter, change, wanted) => expect(chosen(parameter, change)).toEqual({ ok: wanted }));

  it.each<[Parameter, Partial<Chosen>, RegExp]>([
    [K, { mode: "one", one: "" }, /needed/],
    [K, { mode: "one", one: "eleven" }, /a number/],
    [K, { mode: "one", one: "11" }, /at most 10/],
    [K, { mode: "one", one: "Infinity" }, /a number/],
    [N, { mode: "one", one: "1.5" }, /whole/],
    [K, { mode: "list", list: " , " }, /at least one/],
    [K, { mode: "list", list: "1,-2" }, /-2: at least 0/],
    [K, { mode: "range", from: "0", to: "", count: "3" }, /two numbers/],
    [K, { mode: "range", from: "0", to: "1", count: "0" }, /from 1/],
    [K, { mode: "step", from: "0", to: "1", step: "0" }, /above 0/],
    [MODE, { mode: "one", one: "heun" }, /one of euler, rk4, 7/],
  ])("refuses %o %o", (parameter, change, why) => expect(chosen(parameter, change)).toMatchObject({ wrong: expect.stringMatching(why) }));

  it("counts", () => {
    expect(values({ from: 0, to: 1, step: 0.1 })).toBe(11);
    expect(values({ from: 0, to: 1, count: 7 })).toBe(7);
    expect(values([1, 2])).toBe(2);
    expect(values({ replicate: 4 })).toBe(4);
    expect(values(undefined)).toBe(1);
    expect(values({ from: 0, to: 1 })).toBeNull();
  });
});

it("a design says its size in its own word", () => {
  expect(sample({ method: "morris", count: "10", seed: "" })).toEqual({ ok: { method: "morris", trajectories: 10 } });
  expect(sample({ method: "sobol", count: "64", seed: "7" })).toEqual({ ok: { method: "sobol", count: 64, seed: 7 } });
  expect(sample({ method: "box-behnken", count: "", seed: "" })).toEqual({ ok: { method: "box-behnken" } });
  expect(sample({ method: "sobol", count: "x", seed: "" })).toHaveProperty("wrong");
  expect(sample(null)).toEqual({ ok: null });
});

it("offers what fits", () => {
  expect(modes(MODE, true).map(({ value }) => value)).toEqual(["one", "list"]);
  expect(modes(N, false).map(({ value }) => value)).toEqual(["default", "one", "list", "range", "log", "step", "replicate"]);
  expect(modes(K, true).map(({ value }) => value)).toContain("design");
});
