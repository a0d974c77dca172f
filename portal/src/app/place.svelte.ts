// Where the page is: the part of the address below the base path, and how to go elsewhere without loading anew.

const base = new URL(typeof document === "undefined" ? "http://127.0.0.1/" : document.baseURI).pathname;

class Place {
  /** Below the base path, from `/`. */
  path = $state("/");
  query = $state.raw(new URLSearchParams());
  /** Counts the changes of place, so that the frame moves the focus. */
  moves = $state(0);
  #scroll = new Map<number, number>();
  #at = 0;

  /** Follows links and the browser's back and forward. */
  start(): void {
    this.#at = (history.state as { at?: number } | null)?.at ?? 0;
    history.scrollRestoration = "manual";
    window.addEventListener("popstate", (event) => {
      this.#scroll.set(this.#at, window.scrollY);
      this.#at = (event.state as { at?: number } | null)?.at ?? 0;
      this.#read();
      this.moves += 1;
    });
    document.addEventListener("click", (event) => this.#follow(event));
    this.#read();
  }

  /** Goes to a path such as `/studies/5?tab=runs`. */
  go(to: string, replace = false): void {
    const address = href(to);
    if (replace) {
      history.replaceState({ at: this.#at }, "", address);
    } else {
      this.#scroll.set(this.#at, window.scrollY);
      this.#at += 1;
      this.#scroll.delete(this.#at);
      history.pushState({ at: this.#at }, "", address);
    }
    const before = this.path;
    this.#read();
    if (this.path !== before) this.moves += 1;
  }

  /** Changes the query only; `null` takes a part away. The place in the history stays. */
  ask(parts: Record<string, string | null>): void {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(parts)) {
      if (value === null || value === "") query.delete(name);
      else query.set(name, value);
    }
    const text = query.toString();
    this.go(`${this.path}${text && `?${text}`}`, true);
  }

  /** Where the window stood when this place was left, or the top. */
  restore(): void {
    window.scrollTo(0, this.#scroll.get(this.#at) ?? 0);
  }

  #read(): void {
    const { pathname, search } = window.location;
    const path = pathname.startsWith(base) ? pathname.slice(base.length - 1) : pathname;
    if (path !== this.path) this.path = path;
    if (search !== `?${this.query}`) this.query = new URLSearchParams(search);
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link?.href || link.target || link.hasAttribute("download") || link.dataset.outside !== undefined) return;
    const to = new URL(link.href);
    if (to.origin !== window.location.origin || !to.pathname.startsWith(base)) return;
    const path = to.pathname.slice(base.length - 1);
    if (path.startsWith("/api/") || path.startsWith("/share/")) return;
    event.preventDefault();
    this.go(`${path}${to.search}`);
  }
}

export const place = new Place();

/** The address of a path of the page, under the base path. */
export function href(path: string): string {
  return base + path.replace(/^\//, "");
}
