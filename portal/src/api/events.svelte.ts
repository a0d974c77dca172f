// What happens on the server, as it happens. One connection for the whole page, which comes back by itself, says which event it saw last, and
// is let go while nobody looks: browsers open only a few connections to a server, and every tab would hold one.

import { url } from "./client";
import { Parser, type Sent } from "./sse";

export interface Happened {
  /** `progress`, `study-changed`, …; `missed`: more has happened than is known, read everything anew. */
  name: string;
  study: number | null;
  data: Record<string, unknown>;
}

/** A server that lives says something at least every 15 s. */
const SILENCE = 40_000;
const SHORTEST = 1_000;
const LONGEST = 20_000;
/** Out of sight for this long, the connection is let go. */
const UNSEEN = 30_000;

class Stream {
  /** `idle`: not wanted, or nobody looks. */
  state: "idle" | "connecting" | "live" | "lost" = $state("idle");
  /** When it is tried again, in milliseconds of the page's clock. */
  next = $state(0);
  #handlers = new Set<(event: Happened) => void>();
  #last: string | null = null;
  #current: AbortController | undefined;
  #wake: (() => void) | undefined;
  #unseen: ReturnType<typeof setTimeout> | undefined;
  #wanted = false;

  /** Calls the handler at each event until the returned function is called. */
  listen(handler: (event: Happened) => void): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  /** Opens the connection and keeps it. */
  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    document.addEventListener("visibilitychange", this.#seen);
    window.addEventListener("online", this.now);
    void this.#keep();
  }

  stop(): void {
    this.#wanted = false;
    document.removeEventListener("visibilitychange", this.#seen);
    window.removeEventListener("online", this.now);
    this.#letGo();
    this.#last = null;
  }

  /** Tries again at once. */
  now = (): void => this.#wake?.();

  #letGo(): void {
    this.#current?.abort();
    this.#current = undefined;
    this.#wake?.();
    this.state = "idle";
  }

  #seen = (): void => {
    clearTimeout(this.#unseen);
    if (document.visibilityState === "hidden") {
      this.#unseen = setTimeout(() => this.#letGo(), UNSEEN);
    } else if (this.#wanted && !this.#current) {
      void this.#keep();
    } else {
      this.now();
    }
  };

  async #keep(): Promise<void> {
    const current = new AbortController();
    this.#current = current;
    let pause = SHORTEST;
    this.state = "connecting";
    while (!current.signal.aborted) {
      const began = performance.now();
      await this.#read(current.signal).catch(() => undefined);
      if (current.signal.aborted) return;
      this.state = "lost";
      pause = performance.now() - began > LONGEST ? SHORTEST : Math.min(LONGEST, pause * 2);
      this.next = performance.now() + pause;
      await new Promise<void>((wake) => {
        this.#wake = wake;
        setTimeout(wake, pause);
      });
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(), SILENCE);
    const stop = () => silent.abort();
    signal.addEventListener("abort", stop, { once: true });
    try {
      const response = await fetch(url("/events"), {
        headers: { Accept: "text/event-stream", ...(this.#last && { "Last-Event-ID": this.#last }) },
        credentials: "same-origin",
        cache: "no-store",
        signal: silent.signal,
      });
      if (!response.ok || !response.body) return;
      const again = this.state === "lost";
      this.state = "live";
      // Nothing was seen before the connection broke, so there is nothing to go on from.
      if (again && this.#last === null) this.#tell({ id: null, name: "missed", data: "{}" });
      const reader = response.body.getReader();
      const parser = new Parser();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), SILENCE);
        for (const sent of parser.push(value)) this.#tell(sent);
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      silent.abort();
    }
  }

  #tell(sent: Sent): void {
    if (sent.id !== null) this.#last = sent.id;
    let data: Record<string, unknown>;
    try {
      data = JSON.parse(sent.data) as Record<string, unknown>;
    } catch {
      return;
    }
    const study = typeof data.study === "number" ? data.study : null;
    for (const handler of [...this.#handlers]) handler({ name: sent.name, study, data });
  }
}

export const events = new Stream();
