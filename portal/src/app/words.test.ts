// What people read of numbers and times.
import { expect, it } from "vitest";
import { ago, bytes, count, counted, short, span, value } from "./words";

it.each([
  [0.0123, "0.012 s"],
  [9.96, "10 s"],
  [59.6, "1 min"],
  [90, "1 min 30 s"],
  [3600, "1 h"],
  [12_000, "3 h 20 min"],
  [100_000, "1 d 3 h"],
  [86_400 * 40, "40 d"],
  [null, "–"],
  [Infinity, "–"],
])("%s seconds are %s", (seconds, text) => expect(span(seconds)).toBe(text));

it.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.5 KiB"],
  [5 * 1024 ** 3, "5 GiB"],
])("%i bytes are %s", (n, text) => expect(bytes(n)).toBe(text));

it.each([
  [1e9, "1e9"],
  [2.5e-7, "2.5e-7"],
  [1 / 3, "0.333333"],
  [42, "42"],
  [null, "–"],
  [true, "true"],
])("the value %s is %s", (x, text) => expect(value(x)).toBe(text));

it("says when", () => {
  const now = Date.parse("2026-01-10T12:00:00Z");
  expect(ago("2026-01-10T11:57:00Z", now)).toBe("3 min ago");
  expect(ago("2026-01-12T12:00:00Z", now)).toBe("in 2 d");
  expect(ago("2025-06-01T12:00:00Z", now)).toBe("1 Jun 2025");
  expect(ago(null, now)).toBe("never");
});

it("counts", () => {
  expect([count(1_000_000), counted(1, "run"), counted(2, "study", "studies"), short(12_345)]).toEqual(["1,000,000", "1 run", "2 studies", "12.3K"]);
});
