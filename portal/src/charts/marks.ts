// What a chart says of its marks, so that the frame can do the pointer, the keys, the tooltip and the table for every kind alike.

import type { Area } from "./area";
import type { Theme } from "./theme.svelte";

export interface Tip {
  title: string;
  /** A name, its value with unit, and the colour that it has in the chart. */
  lines: { name: string; value: string; colour?: string }[];
}

/** Where a mark is, from the top left of the plot. */
export interface Spot {
  x: number;
  y: number;
  /** A rectangle from there; a point without. */
  width?: number;
  height?: number;
}

export type Direction = "left" | "right" | "up" | "down" | "first" | "last";

export interface Marks {
  count: number;
  /** The mark that the pointer means. */
  near(px: number, py: number, area: Area): number | null;
  spot(mark: number, area: Area): Spot;
  /** The whole mark as the path of an SVG, where it is a line across the plot. */
  path?(mark: number, area: Area): string;
  tip(mark: number): Tip;
  /** The next mark for an arrow key; neighbours in order unless given. */
  step?(mark: number, direction: Direction): number;
}

export type Draw = (context: CanvasRenderingContext2D, area: Area, theme: Theme) => void;

/** A part of the plot that was drawn with the pointer, in values. */
export interface Brush {
  x: [number, number];
  y: [number, number];
}

/** The numbers behind a chart, for those who read them. */
export interface Numbers {
  columns: string[];
  rows: string[][];
  /** Rows with those that are left out here. */
  total: number;
}

/** More rows would make the page heavy; the whole table is a file of its own. */
export const MOST_ROWS = 500;

export function step(mark: number, count: number, direction: Direction): number {
  switch (direction) {
    case "left":
    case "up":
      return Math.max(0, mark - 1);
    case "right":
    case "down":
      return Math.min(count - 1, mark + 1);
    case "first":
      return 0;
    case "last":
      return count - 1;
  }
}

/** The nearest of points within so many pixels. */
export function nearest(
  count: number,
  at: (i: number) => readonly [number, number],
  px: number,
  py: number,
  within: number,
): number | null {
  let best: number | null = null;
  let distance = within * within;
  for (let i = 0; i < count; i++) {
    const [x, y] = at(i);
    const d = (x - px) ** 2 + (y - py) ** 2;
    if (d <= distance) [best, distance] = [i, d];
  }
  return best;
}

/** In which of sorted intervals a value lies: the last edge that is not above it. */
export function interval(edges: readonly number[], v: number): number | null {
  if (!(v >= edges[0]) || v > edges[edges.length - 1]) return null;
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle] <= v) low = middle;
    else high = middle - 1;
  }
  return low;
}
