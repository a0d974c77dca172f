// The rows of a long table, fetched by pages as they come into view and kept until the question changes.

import { type Problem, asProblem, get } from "../../api/client";
import { PAGE, pages } from "./paging";
import type { RunRow, RunsPage } from "./shapes";

/** Pages that are kept; those that were seen longest ago go first. */
const KEPT = 60;
/** What may pass by itself is tried again after this, in milliseconds. */
const AGAIN = 4000;

export class Rows {
  total: number | null = $state(null);
  problem: Problem | null = $state.raw(null);
  loading = $state(false);
  /** Grows when rows have come. */
  version = $state(0);
  /** Whether `total` is all of them, and not only so many as are known. */
  counted = $state(true);

  readonly #pages = new Map<number, { rows: RunRow[]; stale: boolean }>();
  readonly #asked = new Map<number, AbortController>();
  #view: [first: number, end: number] = [0, 1];
  #again: ReturnType<typeof setTimeout> | undefined;
  #path = "";
  #query: Record<string, string> = {};

  /** Another study, filter or order: everything is read anew. */
  ask(path: string, query: Record<string, string>): void {
    this.#path = path;
    this.#query = query;
    this.#abort();
    this.#pages.clear();
    this.total = null;
    this.problem = null;
    this.see(0, 1);
  }

  /** There are new results: what is in view is read again, what is not when it comes into view. */
  refresh(first: number, end: number): void {
    for (const page of this.#pages.values()) page.stale = true;
    this.see(first, end);
  }

  row(index: number): RunRow | null {
    return this.#pages.get(Math.floor(index / PAGE))?.rows[index % PAGE] ?? null;
  }

  /** Reads what is missing of the rows in view, and gives up what is not in view any more. */
  see(first: number, end: number): void {
    this.#view = [first, end];
    const wanted = pages(first, Math.max(end, first + 1));
    for (const [page, asked] of this.#asked) {
      if (!wanted.includes(page)) {
        asked.abort();
        this.#asked.delete(page);
      }
    }
    for (const page of wanted) {
      const known = this.#pages.get(page);
      if (known && !known.stale) {
        // The most recently seen is last.
        this.#pages.delete(page);
        this.#pages.set(page, known);
      } else if (!this.#asked.has(page)) void this.#read(page);
    }
    this.loading = this.#asked.size > 0;
  }

  close(): void {
    this.#abort();
  }

  async #read(page: number): Promise<void> {
    const asked = new AbortController();
    this.#asked.set(page, asked);
    try {
      const found = await get<RunsPage>(this.#path, { ...this.#query, offset: page * PAGE, limit: PAGE }, asked.signal);
      if (asked.signal.aborted) return;
      this.#pages.delete(page);
      this.#pages.set(page, { rows: found.rows, stale: false });
      for (const old of this.#pages.keys()) {
        if (this.#pages.size <= KEPT) break;
        this.#pages.delete(old);
      }
      // What nobody has counted goes on as long as pages come full.
      const known = page * PAGE + found.rows.length;
      this.counted = found.total !== null;
      this.total = found.total ?? Math.max(this.total ?? 0, known + (found.rows.length === PAGE ? 1 : 0));
      this.problem = null;
      this.version += 1;
    } catch (error) {
      if (asked.signal.aborted) return;
      this.problem = asProblem(error);
      clearTimeout(this.#again);
      if (this.problem.passing) this.#again = setTimeout(() => this.see(...this.#view), AGAIN);
    } finally {
      if (this.#asked.get(page) === asked) this.#asked.delete(page);
      this.loading = this.#asked.size > 0;
    }
  }

  #abort(): void {
    clearTimeout(this.#again);
    for (const asked of this.#asked.values()) asked.abort();
    this.#asked.clear();
  }
}
