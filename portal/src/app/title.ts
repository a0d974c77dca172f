// The name of the window.

export function setTitle(title: string): void {
  document.title = title === "Overview" ? "Paramo" : `${title} · Paramo`;
}
