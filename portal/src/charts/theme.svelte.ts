// The colours of the marks: custom properties of the page, read again whenever light becomes dark, the contrast or the screen changes.

import { SERIES } from "./colour";

export interface Theme {
  ink: string;
  muted: string;
  grid: string;
  surface: string;
  accent: string;
  succeeded: string;
  failed: string;
  missing: string;
  hatch: string;
  series: string[];
  font: string;
}

/** Counts changes of the page's looks, so that what reads it is drawn again. */
class Looks {
  changes = $state(0);
  ratio = $state(1);

  constructor() {
    if (typeof window === "undefined" || typeof window.matchMedia !== "function") return;
    const changed = () => (this.changes += 1);
    for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(forced-colors: active)"]) {
      window.matchMedia(query).addEventListener("change", changed);
    }
    new MutationObserver(changed).observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["class", "data-theme", "style"],
    });
    this.#watchRatio();
  }

  /** A window that is moved to another screen, or zoomed. */
  #watchRatio(): void {
    this.ratio = window.devicePixelRatio || 1;
    const query = window.matchMedia(`(resolution: ${this.ratio}dppx)`);
    query.addEventListener("change", () => this.#watchRatio(), { once: true });
  }
}

export const looks = new Looks();

/** Whether marks lie on a dark ground. */
export function ground(): "light" | "dark" {
  void looks.changes;
  if (typeof document === "undefined") return "light";
  return document.documentElement.dataset.theme === "dark" ? "dark" : "light";
}

export function themeOf(element: Element): Theme {
  const style = getComputedStyle(element);
  const read = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
  return {
    ink: read("--chart-ink", "#1c2024"),
    muted: read("--chart-muted", "#5b6570"),
    grid: read("--chart-grid", "#e3e6ea"),
    surface: read("--chart-surface", "#ffffff"),
    accent: read("--chart-accent", "#0b62a4"),
    succeeded: read("--chart-succeeded", SERIES[0]),
    failed: read("--chart-failed", SERIES[1]),
    missing: read("--chart-missing", "#eef0f2"),
    hatch: read("--chart-hatch", "#a8adb3"),
    series: SERIES.map((colour, i) => read(`--chart-series-${i + 1}`, colour)),
    font: `12px ${style.fontFamily || "sans-serif"}`,
  };
}
