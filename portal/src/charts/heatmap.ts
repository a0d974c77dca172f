// Where the cells of a heat map lie, and what stands in them.

import type { Area } from "./area";
import { type ColourScale, colourOf, css, level } from "./colour";
import type { Part } from "./condition";
import { count, runs, value, withUnit } from "./format";
import { type Direction, type Draw, MOST_ROWS, type Marks, type Numbers, interval, step } from "./marks";
import { hatching } from "./paint";
import { type Axis, type Scale, cellEdges, looksLogarithmic, names, numbers } from "./scale";
import type { HeatMapData, HeatSide } from "./types";

export interface Side {
  axis: Axis;
  /** Borders of the cells, in values of the axis. */
  edges: number[];
  column: string;
  text(cell: number): string;
  part(cell: number): Part;
}

/** Smaller cells are not hatched, in pixels. */
const HATCHED = 5;

export function side(data: HeatSide, wanted: Scale | "auto" = "auto"): Side {
  const { column, unit, values, edges } = data;
  const all = values.every((v) => typeof v === "number") ? (values as number[]) : null;
  if (edges && edges.length > 1) {
    const scale = wanted === "auto" ? (looksLogarithmic(edges) ? "log" : "linear") : wanted;
    const last = edges.length - 2;
    return {
      axis: numbers(column, unit, edges[0], edges[edges.length - 1], scale),
      edges,
      column,
      text: (i) => `${value(edges[i])} – ${withUnit(edges[i + 1], unit)}`,
      part: (i) => ({ column, from: edges[i], to: edges[i + 1], open: i < last }),
    };
  }
  const common = {
    column,
    text: (i: number) => withUnit(values[i], unit),
    part: (i: number): Part => ({ column, equals: values[i] }),
  };
  const even = all && all.length > 1 ? cellEdges(all) : null;
  if (all && even) {
    const axis = numbers(column, unit, even.edges[0], even.edges[all.length], even.scale);
    if (axis.span.kind !== "names") axis.span.marks = all;
    return { ...common, axis, edges: even.edges };
  }
  return { ...common, axis: names(column, unit, values.map((v) => value(v))), edges: values.map((_, i) => i - 0.5).concat(values.length - 0.5) };
}

export function heatMarks(data: HeatMapData, x: Side, y: Side, scale: ColourScale | null): Marks {
  const across = data.x.values.length;
  const up = data.y.values.length;
  return {
    count: across * up,
    near(px, py, area) {
      const i = interval(x.edges, area.valueX(px));
      const j = interval(y.edges, area.valueY(py));
      return i === null || j === null ? null : j * across + i;
    },
    spot(mark, area) {
      const { left, top, width, height } = rectangle(area, x, y, mark % across, Math.floor(mark / across));
      return { x: left, y: top, width, height };
    },
    tip(mark) {
      const [i, j] = [mark % across, Math.floor(mark / across)];
      const v = data.cells[j]?.[i] ?? null;
      const n = data.counts[j]?.[i] ?? 0;
      return {
        title: v === null ? (n === 0 ? "no run yet" : "no value") : what(data),
        lines: [
          ...(v === null ? [] : [{ name: "value", value: withUnit(v, data.value.unit), colour: scale ? css(colourOf(scale, v)) : undefined }]),
          { name: data.x.column, value: x.text(i) },
          { name: data.y.column, value: y.text(j) },
          { name: "of", value: runs(n) },
        ],
      };
    },
    step(mark, direction: Direction) {
      const [i, j] = [mark % across, Math.floor(mark / across)];
      if (direction === "up") return Math.min(up - 1, j + 1) * across + i;
      if (direction === "down") return Math.max(0, j - 1) * across + i;
      if (direction === "left" || direction === "right") return j * across + step(i, across, direction);
      return step(mark, across * up, direction);
    },
  };
}

export function heatDraw(data: HeatMapData, x: Side, y: Side, scale: ColourScale | null): Draw {
  return (context, area, theme) => {
    const small = area.width / data.x.values.length < HATCHED || area.height / data.y.values.length < HATCHED;
    context.fillStyle = small ? theme.missing : hatching(context, area.ratio, theme);
    context.fillRect(0, 0, area.width, area.height);
    if (!scale) return;
    // There may be very many cells, of few rows, columns and colours.
    const across = x.edges.map((edge) => area.snap(area.x(edge)));
    const up = y.edges.map((edge) => area.snap(area.y(edge)));
    const colours = scale.table.map(css);
    for (const [j, row] of data.cells.entries()) {
      for (const [i, v] of row.entries()) {
        if (v === null) continue;
        context.fillStyle = colours[level(scale, v)];
        context.fillRect(across[i], up[j + 1], across[i + 1] - across[i], up[j] - up[j + 1]);
      }
    }
  };
}

/** `mean period`; what counts runs has no column. */
export function what(data: HeatMapData): string {
  return data.value.statistic === "count" ? "runs" : `${data.value.statistic} ${data.value.column}`;
}

export function heatNumbers(data: HeatMapData, x: Side, y: Side): Numbers {
  const rows: string[][] = [];
  const total = data.x.values.length * data.y.values.length;
  for (let mark = 0; mark < Math.min(total, MOST_ROWS); mark++) {
    const [i, j] = [mark % data.x.values.length, Math.floor(mark / data.x.values.length)];
    rows.push([x.text(i), y.text(j), value(data.cells[j]?.[i]), count(data.counts[j]?.[i] ?? 0)]);
  }
  return { columns: [data.x.column, data.y.column, what(data), "runs"], rows, total };
}

function rectangle(area: Area, x: Side, y: Side, i: number, j: number) {
  const left = area.snap(area.x(x.edges[i]));
  const right = area.snap(area.x(x.edges[i + 1]));
  const bottom = area.snap(area.y(y.edges[j]));
  const top = area.snap(area.y(y.edges[j + 1]));
  return { left, top, width: right - left, height: bottom - top };
}
