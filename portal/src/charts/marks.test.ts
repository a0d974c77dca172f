import { expect, it } from "vitest";
import { interval, nearest, step } from "./marks";

it("a value lies in the interval whose lower border it has passed", () => {
  const edges = [0, 1, 2, 5];
  expect([-1, 0, 0.5, 1, 4.9, 5, 6].map((v) => interval(edges, v))).toEqual([null, 0, 0, 1, 2, 2, null]);
});

it("the nearest point counts only within reach", () => {
  const points = [[0, 0], [10, 0], [30, 0]] as const;
  expect(nearest(3, (i) => points[i], 12, 1, 8)).toBe(1);
  expect(nearest(3, (i) => points[i], 20, 0, 8)).toBeNull();
});

it("keys stop at the ends", () => {
  expect([step(0, 3, "left"), step(2, 3, "right"), step(1, 3, "first"), step(0, 3, "last")]).toEqual([0, 2, 0, 2]);
});
