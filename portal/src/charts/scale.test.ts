import { describe, expect, it } from "vitest";
import { layout } from "./area";
import { cellEdges, looksLogarithmic, names, numbers, place, roomy, title, valueAt } from "./scale";

describe("an axis", () => {
  it.each([
    numbers("x", null, -3, 7),
    numbers("x", null, 1e-3, 1e5, "log"),
    names("x", null, ["a", "b", "c"]),
  ])("brings a value to its place and back", (axis) => {
    for (const v of axis.span.kind === "names" ? [0, 1, 2] : [0.002, 1, 6.5]) {
      expect(valueAt(axis, place(axis, v))).toBeCloseTo(v, 10);
    }
  });

  it("has room around a constant, and where nothing is known", () => {
    expect(numbers("x", null, 5, 5).span).toMatchObject({ low: 4.5, high: 5.5 });
    expect(numbers("x", null, Infinity, -Infinity).span).toMatchObject({ low: 0, high: 1 });
    expect(numbers("x", null, 0, 10, "log").span.kind).toBe("linear");
    expect(roomy(numbers("x", null, 0, 100)).span).toMatchObject({ low: -4, high: 104 });
  });

  it("is titled with factor and unit", () => {
    expect(title(numbers("k1", "1/min", 0, 1), "×10⁸")).toBe("k1 ×10⁸ (1/min)");
    expect(title(numbers("k1", null, 0, 1))).toBe("k1");
  });
});

it("borders lie between even steps and between even factors", () => {
  expect(cellEdges([1, 2, 3])).toEqual({ scale: "linear", edges: [0.5, 1.5, 2.5, 3.5] });
  const log = cellEdges([1, 10, 100]);
  expect(log?.scale).toBe("log");
  expect(log?.edges[1]).toBeCloseTo(Math.sqrt(10), 10);
  expect(cellEdges([1, 2, 4, 5])).toBeNull();
});

it("factors are told from steps", () => {
  expect(looksLogarithmic([1, 3, 10, 31, 100])).toBe(true);
  expect(looksLogarithmic([0, 25, 50, 75, 100])).toBe(false);
  expect(looksLogarithmic([1, 25, 50, 75, 100])).toBe(false);
  expect(looksLogarithmic([1, 2, 4])).toBe(false);
});

it("labels never touch, whatever the width", () => {
  const x = numbers("k1", "1/(M min)", 1e8, 2e9, "log");
  const y = numbers("k2", null, 0, 123456);
  for (const width of [120, 240, 390, 800, 1600]) {
    const at = layout({ width, height: 300, ratio: 1, x, y, bar: y, measure: (text) => text.length * 7 });
    const named = (at.x?.ticks ?? []).filter((tick) => tick.label !== null).sort((a, b) => a.at - b.at);
    for (let i = 0; i + 1 < named.length; i++) {
      const half = ((named[i].label?.length ?? 0) + (named[i + 1].label?.length ?? 0)) * 3.5;
      expect(named[i + 1].at - named[i].at).toBeGreaterThan(half);
    }
  }
});
