// Short news of what was done, in a corner. What failed stays until it is closed.

import type { IconName } from "./Icon.svelte";

export interface Toast {
  id: number;
  tone: "good" | "bad" | "plain";
  title: string;
  detail: string;
  icon: IconName;
}

/** Long enough to be read. */
const SHOWN = 6_000;

class Toasts {
  list: Toast[] = $state([]);
  #next = 1;

  good(title: string, detail = ""): void {
    const id = this.#add("good", title, detail, "check");
    setTimeout(() => this.close(id), SHOWN);
  }

  bad(error: { title?: string; detail?: string; message?: string } | string): void {
    if (typeof error === "string") this.#add("bad", error, "", "alert");
    else this.#add("bad", error.title ?? "that did not work", error.detail ?? error.message ?? "", "alert");
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(tone: Toast["tone"], title: string, detail: string, icon: IconName): number {
    const id = this.#next++;
    this.list = [...this.list.slice(-3), { id, tone, title, detail, icon }];
    return id;
  }
}

export const toast = new Toasts();
