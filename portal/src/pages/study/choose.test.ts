import { describe, expect, it } from "vitest";
import { adapt, axes, columns, first, query } from "./choose";
import type { Study } from "./shapes";

function study(factors: unknown[], parameters: [string, string][], outputs = ["period", "amplitude"]): Study {
  return {
    id: 1,
    name: "s",
    version: 1,
    state: "finished",
    created: "",
    changed: "",
    succeeded: 0,
    failed: 0,
    retried: 0,
    cpu_seconds: 0,
    wall_seconds: 0,
    failed_by_cause: {},
    working: false,
    progress: null,
    description: null,
    points: null,
    parameters: parameters.map(([name, kind]) => ({ name, kind, unit: null, minimum: null, maximum: null, description: null })),
    outputs: outputs.map((name) => ({ name, unit: null, description: null })),
    slots: null,
    definition: { space: { blocks: [{ condition: null, factors }] } },
  };
}

const range = (name: string, count = 5) => ({ axis: [name, { range: { from: 1, to: 100, scale: "log", steps: { count } } }] });
const seed = { axis: ["seed", { replicate: { count: 3, seed: 1 } }] };
const floats = (...names: string[]) => names.map((name): [string, string] => [name, "float"]);

describe("the first chart", () => {
  it("of two numeric axes is a heat map of the mean of the first output", () => {
    const choice = first(study([range("k1"), range("k2"), seed], [...floats("k1", "k2"), ["seed", "integer"]]));
    expect(query(choice)).toEqual({ x: "k1", y: "k2", value: "period", statistic: "mean" });
    expect(choice.kind).toBe("heatmap");
  });

  it("of one axis is a line, with a line for each name", () => {
    const choice = first(study([range("k1"), { axis: ["mode", { values: ["a", "b"] }] }], [["k1", "float"], ["mode", "choice"]]));
    expect([choice.kind, query(choice)]).toEqual(["line", { x: "k1", value: "period", statistic: "mean", colour: "mode" }]);
  });

  it("of many axes is parallel coordinates", () => {
    const names = ["a", "b", "c", "d"];
    const choice = first(study(names.map((name) => range(name)), floats(...names)));
    expect(query(choice)).toEqual({ columns: "a,b,c,d,period,amplitude" });
  });

  it("of a sample is a scatter coloured by the output", () => {
    const sample = { sample: { method: "sobol", dimensions: [["a", { uniform: { from: 0, to: 1 } }], ["b", { "log-uniform": { from: 1, to: 9 } }]] } };
    const choice = first(study([sample], floats("a", "b")));
    expect([choice.kind, choice.x, choice.y, choice.colour]).toEqual(["scatter", "a", "b", "period"]);
  });

  it("without a numeric axis or an output shows how long the runs took", () => {
    expect(query(first(study([], [], [])))).toEqual({ x: "wall" });
  });
});

it("axes are found in every kind of factor, with their counts", () => {
  const factors = [
    range("a", 7),
    { zip: [["b", { values: [1, 2] }], ["c", { values: [3, 4] }]] },
    { blocks: [{ factors: [{ axis: ["d", { range: { from: 0, to: 1, steps: { by: 0.1 }, scale: "linear" } }] }] }] },
    { points: { columns: ["e"], rows: [] } },
  ];
  expect(axes(study(factors, [])).map(({ name, count }) => [name, count])).toEqual([["a", 7], ["b", 2], ["c", 2], ["d", 11], ["e", null]]);
});

it("a change of kind keeps what makes sense", () => {
  const of = study([range("k1"), range("k2")], floats("k1", "k2"));
  const heat = first(of);
  expect(query(adapt(of, heat, "histogram"))).toEqual({ x: "period" });
  expect(query(adapt(of, { ...heat, value: "amplitude" }, "scatter"))).toEqual({ x: "k1", y: "amplitude" });
  const back = adapt(of, adapt(of, heat, "histogram"), "heatmap");
  expect([back.x, back.y]).toEqual(["k1", "k2"]);
});

it("an output that is called like a measured time hides it", () => {
  const names = columns(study([], [], ["wall"])).map(({ name, role }) => `${role} ${name}`);
  expect(names).toEqual(["output wall", "measured cpu"]);
});
