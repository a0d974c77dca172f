// The list of studies, kept up to date by what happens.

import { type Query, get } from "../api/client";
import { type Happened, events } from "../api/events.svelte";
import { Resource } from "../api/resource.svelte";
import type { Going, Study } from "../api/shapes";

/** Several events together cause one look. */
const TOGETHER = 300;
export const PAGE = 100;

export class LiveStudies {
  readonly resource: Resource<Study[]>;
  #query: Query = {};
  #pages = $state(1);
  #soon: ReturnType<typeof setTimeout> | undefined;
  #stop: () => void;

  constructor() {
    this.resource = new Resource((signal) => this.#read(signal));
    this.#stop = events.listen((event) => this.#happened(event));
  }

  get list(): Study[] | undefined {
    return this.resource.data;
  }

  /** Whether there may be older ones. */
  get more(): boolean {
    return (this.list?.length ?? 0) >= this.#pages * PAGE;
  }

  /** Reads those that a query asks for. */
  async ask(query: Query): Promise<void> {
    this.#query = query;
    this.#pages = 1;
    await this.resource.load();
  }

  async older(): Promise<void> {
    this.#pages += 1;
    await this.resource.load();
  }

  /** Changes one before the server has said so; the answer or a new look puts it right. */
  assume(id: number, change: Partial<Study>): void {
    this.resource.data = this.list?.map((study) => (study.id === id ? { ...study, ...change } : study));
  }

  again(): void {
    if (this.#soon !== undefined) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      void this.resource.refresh();
    }, TOGETHER);
  }

  close(): void {
    this.#stop();
    clearTimeout(this.#soon);
    this.resource.stop();
  }

  async #read(signal: AbortSignal): Promise<Study[]> {
    const all: Study[] = [];
    for (let page = 0; page < this.#pages; page += 1) {
      const before = all.at(-1)?.id;
      const found = await get<Study[]>("/studies", { ...this.#query, limit: PAGE, ...(before !== undefined && { before }) }, signal);
      all.push(...found);
      if (found.length < PAGE) break;
    }
    return all;
  }

  #happened({ name, study, data }: Happened): void {
    if (name === "workers" || name === "notice") return;
    if (name !== "progress") return this.again();
    const going = data.progress as Going | undefined;
    if (!going || study === null) return;
    const known = this.list?.find((one) => one.id === study);
    if (!known) return;
    const { succeeded, failed, retried } = going;
    this.assume(study, { progress: going, working: true, succeeded, failed, retried });
  }
}
