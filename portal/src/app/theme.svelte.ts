// Light or dark: as the system says, until the reader chooses. Kept in this browser only.

export type Choice = "system" | "light" | "dark";
const KEY = "paramo-look";

class Theme {
  choice: Choice = $state("system");
  #dark = $state(false);
  readonly now = $derived(this.choice === "system" ? (this.#dark ? "dark" : "light") : this.choice);

  start(): void {
    const kept = read();
    if (kept === "light" || kept === "dark") this.choice = kept;
    const query = window.matchMedia("(prefers-color-scheme: dark)");
    this.#dark = query.matches;
    query.addEventListener("change", (event) => {
      this.#dark = event.matches;
      this.#show();
    });
    this.#show();
  }

  choose(choice: Choice): void {
    this.choice = choice;
    try {
      if (choice === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
    } catch {
      // A browser that keeps nothing forgets it with the page.
    }
    this.#show();
  }

  #show(): void {
    document.documentElement.dataset.theme = this.now;
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export const theme = new Theme();
