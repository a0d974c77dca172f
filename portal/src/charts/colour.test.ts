import { describe, expect, it } from "vitest";
import { colourOf, colourScale, level, lightness } from "./colour";

describe.each(["viridis", "cividis"] as const)("%s", (palette) => {
  it("gets lighter from end to end", () => {
    const { table } = colourScale("v", null, 0, 1, { palette });
    const light = table.map(lightness);
    for (let i = 8; i < light.length; i += 8) expect(light[i]).toBeGreaterThan(light[i - 8]);
    expect(light[255] - light[0]).toBeGreaterThan(60);
  });
});

it("diverges only around a zero that means something", () => {
  const middle = (low: number, high: number) => lightness(colourOf(colourScale("v", null, low, high), 0));
  expect(middle(-1, 2)).toBeGreaterThan(95);
  expect(middle(-0.1, 2)).toBeLessThan(40);
  expect(lightness(colourOf(colourScale("v", null, -1, 2, { dots: "light" }), 0))).toBeLessThan(90);
});

it("dots are seen on their ground", () => {
  for (const palette of ["viridis", "cividis"] as const) {
    for (const ground of ["light", "dark"] as const) {
      const { table } = colourScale("v", null, 0, 1, { palette, dots: ground });
      const [page, mark] = ground === "light" ? [255, table[255]] : [24, table[0]];
      expect(Math.abs(lightness([page, page, page]) - lightness(mark))).toBeGreaterThan(14);
    }
  }
});

it("values outside get the colour of the end", () => {
  const scale = colourScale("v", null, 1, 2);
  expect([level(scale, -9), level(scale, 9)]).toEqual([0, 255]);
  const log = colourScale("v", null, 1, 1e6, { scale: "log" });
  expect(level(log, 1e3)).toBe(128);
});
