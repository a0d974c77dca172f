import { describe, expect, it } from "vitest";
import { type Ticks, linear, logarithmic, named, short } from "./ticks";

function shown({ ticks, common }: Ticks): string {
  const labels = ticks.flatMap((tick) => (tick.label === null ? [] : [tick.label])).join(" ");
  return common === null ? labels : `${labels} [${common}]`;
}

describe("linear ticks", () => {
  // The same table as in crates/plot/src/ticks.rs.
  it.each([
    [0, 10, 5, "0 2 4 6 8 10"],
    [0, 1, 4, "0.0 0.5 1.0"],
    [-1, 1, 4, "−1.0 −0.5 0.0 0.5 1.0"],
    [0, 0.3, 3, "0.0 0.1 0.2 0.3"],
    [0, 2e9, 4, "0.0 0.5 1.0 1.5 2.0 [×10⁹]"],
    [0, 2e-7, 2, "0 1 2 [×10⁻⁷]"],
    [1e6 + 0.001, 1e6 + 0.003, 2, "0.001 0.002 0.003 [+1000000]"],
    [-1e300, 1e300, 2, "−1 0 1 [×10³⁰⁰]"],
    [0, 3e-300, 3, "0 1 2 3 [×10⁻³⁰⁰]"],
    [99, 103, 4, "99 100 101 102 103"],
  ])("from %d to %d", (low, high, most, expected) => {
    expect(shown(linear(low, high, most))).toBe(expected);
  });

  it("stay whole for counts, and finite at the ends of the numbers", () => {
    expect(shown(linear(0, 2, 8, true))).toBe("0 1 2");
    for (const most of [1, 2, 4]) {
      expect(shown(linear(-Number.MAX_VALUE, Number.MAX_VALUE, most))).toBe("−1 0 1 [×10³⁰⁸]");
    }
  });
});

describe("logarithmic ticks", () => {
  it.each([
    [1e8, 2e9, 6, "10⁸ 2×10⁸ 5×10⁸ 10⁹ 2×10⁹"],
    [1e8, 2e9, 3, "10⁸ 3×10⁸ 10⁹"],
    [0.01, 0.2, 6, "0.01 0.02 0.05 0.1 0.2"],
    [1, 1e4, 6, "1 10 100 1000 10000"],
    [1, 1e12, 5, "10⁰ 10³ 10⁶ 10⁹ 10¹²"],
    [1e-300, 1e300, 5, "10⁻³⁰⁰ 10⁻¹⁵⁰ 10⁰ 10¹⁵⁰ 10³⁰⁰"],
  ])("from %d to %d", (low, high, most, expected) => {
    expect(shown(logarithmic(low, high, most, () => true))).toBe(expected);
  });

  it("are fewer where there is less room", () => {
    expect(shown(logarithmic(1e8, 2e9, 9, (ticks) => ticks.length <= 2))).toBe("10⁸ 10⁹");
  });
});

it("names are left out evenly", () => {
  const names = Array.from({ length: 40 }, (_, i) => `n${i}`);
  expect(shown(named(names, (ticks) => ticks.length <= 4))).toBe("n0 n10 n20 n30");
});

it.each([
  [0, "0"],
  [0.01, "0.01"],
  [-1.5, "−1.5"],
  [1e8, "10⁸"],
  [2.5e-9, "2.5×10⁻⁹"],
  [1 / 3, "0.3333"],
  [1234.5678, "1235"],
  [120_000, "120000"],
])("%d is shortened", (v, text) => {
  expect(short(v)).toBe(text);
});
