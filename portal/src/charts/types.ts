// What `/studies/{study}/plot/{kind}` answers, one shape for each kind of chart.

export interface Column {
  column: string;
  unit: string | null;
}

export type Cell = number | string | boolean | null;

export interface HeatSide extends Column {
  values: Cell[];
  /** Borders of the cells where the values were gathered: one more than values. */
  edges: number[] | null;
}

export interface HeatMapData {
  kind: "heatmap";
  x: HeatSide;
  y: HeatSide;
  value: Column & { statistic: string };
  /** One row for each value of `y`. */
  cells: (number | null)[][];
  counts: number[][];
  minimum: number | null;
  maximum: number | null;
  rows_read: number;
}

export interface LineData {
  kind: "line";
  x: Column;
  value: Column;
  /** The column that makes the series; without there is one. */
  colour: Column | null;
  statistic: string;
  series: { name: string; points: [x: Cell, mean: number | null, low: number | null, high: number | null, n: number][] }[];
}

export interface ScatterData {
  kind: "scatter";
  x: Column;
  y: Column;
  colour: Column | null;
  points: [x: Cell, y: Cell, colour: Cell, index: number][];
  shown: number;
  total: number;
  density?: { x_edges: number[]; y_edges: number[]; counts: number[][] } | null;
}

export interface HistogramData {
  kind: "histogram";
  column: string;
  unit: string | null;
  bins: [from: number, to: number, count: number][];
  missing: number;
  minimum: number | null;
  maximum: number | null;
  mean: number | null;
  standard_deviation: number | null;
}

export interface ParallelAxis extends Column {
  minimum: number | null;
  maximum: number | null;
  categories: string[] | null;
}

export interface ParallelData {
  kind: "parallel";
  axes: ParallelAxis[];
  /** A value for each axis, of one with categories its place among them, and the index of the run. */
  rows: Cell[][];
  shown: number;
  total: number;
}

export interface GanttData {
  kind: "gantt";
  from: string | null;
  seconds: number;
  rows: { worker: number; slot: number; bars: [start: number, end: number, ok: boolean, index: number | null][] }[];
  /** Neighbours share a bar. */
  merged: boolean;
}

export interface ThroughputData {
  kind: "throughput";
  from: string | null;
  bin_seconds: number;
  bins: [seconds: number, succeeded: number, failed: number][];
}

export interface EfficiencyData {
  kind: "efficiency";
  wall_seconds: number;
  busy_seconds: number;
  cpu_seconds: number;
  slots: number;
  speedup: number | null;
  efficiency: number | null;
  curve: [seconds: number, running: number][];
}

export interface FailuresData {
  kind: "failures";
  causes: { cause: string; count: number; message: string | null; examples: number[] }[];
}

export type PlotData =
  | HeatMapData
  | LineData
  | ScatterData
  | HistogramData
  | ParallelData
  | GanttData
  | ThroughputData
  | EfficiencyData
  | FailuresData;

export type PlotKind = PlotData["kind"];
