import { describe, expect, it } from "vitest";
import { type Row, fault, list, size, space } from "./extend";

const row = (change: Partial<Row>): Row => ({
  name: "k1",
  unit: null,
  kind: "float",
  how: "range",
  from: "1e8",
  to: "2e9",
  count: "5",
  log: false,
  values: "",
  seed: null,
  ...change,
});

describe("a block of new points", () => {
  it("has the product of its axes as size, and is sent as the study file writes it", () => {
    const all = [
      row({ log: true }),
      row({ name: "mode", kind: "choice", how: "values", values: "a, b ,c" }),
      row({ name: "seed", kind: "integer", how: "replicate", count: "4", seed: 7 }),
    ];
    expect(size(all)).toBe(60);
    expect(space(all)).toEqual({ k1: { from: 1e8, to: 2e9, count: 5, scale: "log" }, mode: ["a", "b", "c"], seed: { replicate: 4, seed: 7 } });
  });

  it.each([
    [row({ from: "" }), "two numbers"],
    [row({ to: "many" }), "two numbers"],
    [row({ from: "0", log: true }), "positive numbers"],
    [row({ count: "2.5" }), "a whole number"],
    [row({ how: "values", values: " , " }), "at least one value"],
    [row({ how: "values", values: "1, x" }), "numbers, separated"],
    [row({ how: "replicate", count: "0" }), "a whole number of replicates"],
  ])("says what is wrong (%#)", (one, message) => {
    expect(fault(one)).toContain(message);
    expect(size([one])).toBeNull();
  });

  it("is not made by a slip of the hand", () => {
    expect(size([row({ count: "99999999" }), row({ name: "k2", count: "99999999" })])).toBeNull();
    expect(size([])).toBeNull();
  });

  it("takes values as their parameter does", () => {
    expect(list(row({ values: "1e2, 3" }))).toEqual([100, 3]);
    expect(list(row({ kind: "boolean", values: "true, false" }))).toEqual([true, false]);
    expect(list(row({ kind: "string", values: "1, x" }))).toEqual(["1", "x"]);
  });
});
