import { expect, it } from "vitest";
import { both, condition, nameOf, rounded } from "./condition";

it("parts become a condition that the table understands", () => {
  expect(condition([{ column: "k1", equals: 1e8 }, { column: "mode", equals: "fast" }])).toBe("k1 == 100000000 and mode == 'fast'");
  expect(condition([{ column: "k-on", from: 1, to: 2, open: true }])).toBe("1 <= {k-on} < 2");
  expect(condition([{ column: "t", equals: "it's" }])).toBe('t == "it\'s"');
  expect(condition([{ column: "y", equals: null }])).toBe("");
});

it("names that are words of the language stand in braces", () => {
  expect([nameOf("in"), nameOf("größe"), nameOf("2x"), nameOf("a.b")]).toEqual(["{in}", "größe", "{2x}", "a.b"]);
});

it("two conditions hold together", () => {
  expect(both("", "x > 1")).toBe("x > 1");
  expect(both("x > 1", "x > 1")).toBe("x > 1");
  expect(both("a == 1 or b == 2", "x > 1")).toBe("(a == 1 or b == 2) and x > 1");
});

it("borders that were drawn are short", () => {
  expect(rounded(123456.789)).toBe(123500);
});
