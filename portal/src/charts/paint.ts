// Small things to paint on a canvas.

import type { Area, AxisLayout } from "./area";
import type { Theme } from "./theme.svelte";

/** A canvas of so many pixels of the page, sharp on this screen and empty. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number, ratio: number): CanvasRenderingContext2D | null {
  const [across, down] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  const context = canvas.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}

/** Lines behind the marks, one device pixel thin. */
export function grid(context: CanvasRenderingContext2D, area: Area, x: AxisLayout | null, y: AxisLayout | null, theme: Theme): void {
  const thin = 1 / area.ratio;
  context.fillStyle = theme.grid;
  for (const tick of y?.ticks ?? []) {
    if (tick.label !== null) context.fillRect(0, area.snap(tick.at - thin / 2), area.width, thin);
  }
  for (const tick of x?.ticks ?? []) {
    if (tick.label !== null) context.fillRect(area.snap(tick.at - thin / 2), 0, thin, area.height);
  }
}

/** Diagonal lines over a plain ground: nothing is known here. */
export function hatching(context: CanvasRenderingContext2D, ratio: number, theme: Theme): CanvasPattern | string {
  const size = Math.round(8 * ratio);
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const painter = tile.getContext("2d");
  if (painter === null) return theme.missing;
  painter.fillStyle = theme.missing;
  painter.fillRect(0, 0, size, size);
  painter.strokeStyle = theme.hatch;
  painter.lineWidth = ratio;
  painter.beginPath();
  for (const shift of [-size, 0, size]) {
    painter.moveTo(shift - 2, size + 2);
    painter.lineTo(shift + size + 2, -2);
  }
  painter.stroke();
  const pattern = context.createPattern(tile, "repeat");
  // Patterns follow the transform of the canvas, which is in pixels of the page.
  pattern?.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern ?? theme.missing;
}
