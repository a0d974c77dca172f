import { expect, it } from "vitest";
import { TALLEST, most, pages, scrollTo, visible } from "./paging";

it("a short table stands whole", () => {
  expect(visible(3, 32, 0, 600)).toEqual({ first: 0, end: 3, top: 0, height: 96 });
  expect(visible(0, 32, 0, 600)).toEqual({ first: 0, end: 0, top: 0, height: 0 });
});

it("the rows of the view are drawn, and some around it", () => {
  const { first, end, top, height } = visible(10_000, 32, 3200, 320, 5);
  expect([first, end, top, height]).toEqual([95, 115, 95 * 32, 320_000]);
});

it.each([1_000, 100_000, 1_000_000, 1_000_000_000])("every row of %d can be reached and stands in the view", (total) => {
  const [row, view] = [32, 640];
  for (const index of [0, 1, Math.floor(total / 3), total - 20]) {
    const scroll = scrollTo(total, row, view, index);
    const { first, end, top, height } = visible(total, row, scroll, view);
    expect(height).toBeLessThanOrEqual(TALLEST);
    expect(index).toBeGreaterThanOrEqual(first);
    expect(index).toBeLessThan(end);
    expect(end - first).toBeLessThanOrEqual(most(row, view));
    const stands = top + (index - first) * row;
    expect(stands).toBeGreaterThan(scroll - 2 * row);
    expect(stands).toBeLessThan(scroll + view);
  }
  // Between two rows there is a part of one more in view.
  expect([0, 31, 33].map((scroll) => visible(total, row, 64 * row + scroll, 639)).map(({ first, end }) => end - first)).toContain(most(row, 639));
  const last = visible(total, row, Infinity, view);
  expect(last.end).toBe(total);
});

it("pages cover the rows and no more", () => {
  expect(pages(0, 1, 100)).toEqual([0]);
  expect(pages(99, 101, 100)).toEqual([0, 1]);
  expect(pages(100, 200, 100)).toEqual([1]);
  expect(pages(5, 5, 100)).toEqual([]);
});
