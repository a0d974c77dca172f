// A study that is kept up to date by the server's events, with a beat that charts and tables refresh by: at most once a second.

import { type Problem, asProblem, get, part } from "../../api/client";
import { type Happened, events } from "../../api/events.svelte";
import type { Going, Study } from "./shapes";

/** Charts are drawn anew no more often than this, in milliseconds. */
const BEAT = 1000;
/** Several events together cause one look at the study. */
const TOGETHER = 250;
/** Without a connection it is tried again after this. */
const AGAIN = 4000;

export class LiveStudy {
  study: Study | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  deleted = $state(false);
  /** The newest things that the server had to say of it. */
  notices: string[] = $state([]);
  /** Grows when there are new results. */
  beat = $state(0);

  readonly id: string;
  #deaf: () => void;
  #look: ReturnType<typeof setTimeout> | undefined;
  #next: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #ended = -1;
  #closed = false;

  constructor(id: string) {
    this.id = id;
    this.#deaf = events.listen((event) => this.#hear(event));
    void this.reload();
  }

  /** Reads the study. */
  async reload(): Promise<void> {
    clearTimeout(this.#again);
    try {
      const study = await get<Study>(`/studies/${part(this.id)}`);
      if (this.#closed) return;
      this.take(study);
    } catch (error) {
      if (this.#closed) return;
      this.problem = asProblem(error);
      if (this.problem.passing) this.#again = setTimeout(() => void this.reload(), AGAIN);
    }
  }

  /** After an answer that tells the study anew. */
  take(study: Study): void {
    this.study = study;
    this.problem = null;
    this.#counted(study.succeeded + study.failed);
  }

  /** After the connection was lost: everything is looked at anew. */
  anew(): void {
    this.beat += 1;
    void this.reload();
  }

  close(): void {
    this.#closed = true;
    this.#deaf();
    for (const timer of [this.#look, this.#next, this.#again]) clearTimeout(timer);
  }

  #hear({ name, study, data }: Happened): void {
    if (name === "missed") this.anew();
    if (this.study === null || study !== this.study.id) return;
    if (name === "progress") this.#progress(data.progress as Going | undefined);
    else if (name === "study-deleted") this.deleted = true;
    else if (name === "notice") {
      if (typeof data.message === "string") this.notices = [data.message, ...this.notices].slice(0, 5);
    } else this.#soon();
  }

  #progress(going: Going | undefined): void {
    if (!going || !this.study) return;
    const { succeeded, failed } = going;
    this.study = { ...this.study, progress: going, working: true, succeeded, failed, retried: going.retried };
    this.#counted(succeeded + failed);
  }

  #soon(): void {
    if (this.#look !== undefined) return;
    this.#look = setTimeout(() => {
      this.#look = undefined;
      void this.reload();
    }, TOGETHER);
  }

  #counted(ended: number): void {
    if (ended === this.#ended) return;
    const first = this.#ended === -1;
    this.#ended = ended;
    if (first || this.#next !== undefined) return;
    this.#next = setTimeout(() => {
      this.#next = undefined;
      this.beat += 1;
    }, BEAT);
  }
}
