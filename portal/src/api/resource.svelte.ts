// Something that is read from the server and shown: the last good answer stays in sight while it is read again.

import { Problem, asProblem } from "./client";

export class Resource<T> {
  data: T | undefined = $state.raw();
  problem: Problem | undefined = $state.raw();
  loading = $state(false);
  #read: (signal: AbortSignal) => Promise<T>;
  #current: AbortController | undefined;
  #again = false;

  /** Reads nothing before `load` is called. */
  constructor(read: (signal: AbortSignal) => Promise<T>) {
    this.#read = read;
  }

  /** Reads it. What was being read before is given up, so an old answer never follows a newer one. */
  async load(): Promise<void> {
    this.#current?.abort();
    const current = new AbortController();
    this.#current = current;
    this.loading = true;
    try {
      const data = await this.#read(current.signal);
      if (current.signal.aborted) return;
      this.data = data;
      this.problem = undefined;
    } catch (error) {
      if (current.signal.aborted) return;
      this.problem = asProblem(error);
    } finally {
      if (this.#current === current) {
        this.#current = undefined;
        this.loading = false;
      }
    }
  }

  /** Reads it once more, but never twice at a time: for events that come often. */
  async refresh(): Promise<void> {
    if (this.#current) {
      this.#again = true;
      return;
    }
    do {
      this.#again = false;
      await this.load();
    } while (this.#again);
  }

  /** Forgets what was read: it is of something else. */
  clear(): void {
    this.#current?.abort();
    this.#current = undefined;
    this.data = undefined;
    this.problem = undefined;
    this.loading = false;
  }

  /** Gives up what is being read. */
  stop(): void {
    this.#current?.abort();
  }
}
