import { expect, it } from "vitest";
import { bytes, count, duration, full, percent, rate, runs, value, withUnit } from "./format";

it.each([
  [0, "0"],
  [9999, "9,999"],
  [12300, "12,300"],
  [1e6, "1,000,000"],
])("%d is counted", (n, text) => expect(count(n)).toBe(text));

it("one run is no runs", () => {
  expect(runs(1)).toBe("1 run");
  expect(runs(0)).toBe("0 runs");
});

it.each([
  [null, "—"],
  [true, "true"],
  ["a", "a"],
  [0.1 + 0.2, "0.3"],
  [-2.5, "−2.5"],
  [1.23456789e-9, "1.2346e-9"],
  [6.02214076e23, "6.0221e23"],
])("%s as a value", (v, text) => expect(value(v)).toBe(text));

it("a value in full keeps its digits", () => {
  expect([full(0.9310344827586207), full(-1e-20), full(12300), full(null)]).toEqual(["0.9310344827586207", "−1e-20", "12,300", "—"]);
});

it("a unit stands only behind something", () => {
  expect(withUnit(3, "min")).toBe("3 min");
  expect(withUnit(null, "min")).toBe("—");
});

it.each([
  [null, "—"],
  [0, "0 s"],
  [0.00025, "250 µs"],
  [0.35, "350 ms"],
  [12.44, "12.4 s"],
  [59.99, "1 min"],
  [200, "3 min 20 s"],
  [3600, "1 h"],
  [3599.9, "1 h"],
  [18_600, "5 h 10 min"],
  [273_600, "3 d 4 h"],
])("%s seconds", (seconds, text) => expect(duration(seconds)).toBe(text));

it.each([
  [0, "0 B"],
  [1024, "1 KiB"],
  [1_048_575, "1 MiB"],
  [3_500_000, "3.34 MiB"],
])("%d bytes", (n, text) => expect(bytes(n)).toBe(text));

it.each([
  [0, "0 /s"],
  [12345.6, "12,346 /s"],
  [3.14159, "3.14 /s"],
  [0.1, "6 /min"],
  [0.001, "3.6 /h"],
])("%d per second", (perSecond, text) => expect(rate(perSecond)).toBe(text));

it.each([
  [0, "0 %"],
  [1, "100 %"],
  [0.99999, "99.9 %"],
  [0.00001, "< 0.1 %"],
  [0.05, "5.0 %"],
  [0.5, "50 %"],
])("%d as a share", (part, text) => expect(percent(part)).toBe(text));
