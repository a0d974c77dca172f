// A table of a million rows of which a screenful is drawn: which rows are seen, which pages they lie in, and where they stand.

export const PAGE = 200;

/** Browsers place nothing beyond some ten million pixels, so that the rows of very long tables share what there is. */
export const TALLEST = 8_000_000;

/** Rows that are drawn beyond each end of the view. */
const OVER = 8;

export interface Window {
  /** The first row that is drawn. */
  first: number;
  /** One after the last. */
  end: number;
  /** Where the first drawn row stands, in pixels from the top of the sheet. */
  top: number;
  /** How tall the sheet is. */
  height: number;
}

/**
 * Which rows are drawn for a place of the scroll bar. Up to `TALLEST` the place is exact; beyond, the scroll bar moves by shares and
 * rows stand where the view is.
 */
export function visible(total: number, row: number, scroll: number, view: number, over = OVER): Window {
  const full = total * row;
  const height = Math.min(full, TALLEST);
  const furthest = Math.max(0, height - view);
  const at = Math.min(furthest, Math.max(0, scroll));
  // The pixel of the full sheet that is at the top of the view.
  const real = furthest === 0 ? 0 : full === height ? at : (at / furthest) * (full - view);
  const seen = Math.floor(real / row);
  const first = Math.max(0, seen - over);
  const end = Math.min(total, Math.ceil((real + view) / row) + over);
  return { first, end, top: at - (real - first * row), height };
}

/** How many rows are drawn at the most, wherever the scroll bar is. */
export function most(row: number, view: number, over = OVER): number {
  return Math.ceil(view / row) + 1 + 2 * over;
}

/** Where to scroll so that a row is at the top: the opposite of `visible`. */
export function scrollTo(total: number, row: number, view: number, index: number): number {
  const full = total * row;
  const height = Math.min(full, TALLEST);
  if (full === height) return Math.min(Math.max(0, height - view), index * row);
  return Math.min(1, (index * row) / Math.max(1, full - view)) * Math.max(0, height - view);
}

/** The pages of rows from `first` to before `end`. */
export function pages(first: number, end: number, size = PAGE): number[] {
  if (end <= first) return [];
  const from = Math.floor(first / size);
  return Array.from({ length: Math.floor((end - 1) / size) - from + 1 }, (_, i) => from + i);
}
