// The parts of the API's answers that the pages of a study read.

import type { Cell } from "../../charts/types";

export type StudyState = "open" | "paused" | "finished" | "cancelled";

export interface Going {
  points: number;
  left_out: number;
  succeeded: number;
  failed: number;
  running: number;
  retried: number;
  paused: boolean;
  runs_per_second: number;
  remaining_seconds: number | null;
  elapsed_seconds: number;
}

export interface Why {
  code: string;
  what: string;
  change: string | null;
}

export interface Parameter {
  name: string;
  kind: string;
  unit: string | null;
  minimum: number | null;
  maximum: number | null;
  description: string | null;
}

export interface Output {
  name: string;
  unit: string | null;
  description: string | null;
}

export interface Study {
  id: number;
  name: string;
  version: number;
  project?: string;
  state: StudyState;
  created: string;
  changed: string;
  succeeded: number;
  failed: number;
  retried: number;
  cpu_seconds: number;
  wall_seconds: number;
  failed_by_cause: Record<string, number>;
  working: boolean;
  progress: Going | null;
  why?: Why | null;
  description: string | null;
  points: number | null;
  parameters: Parameter[];
  outputs: Output[];
  slots: number | null;
  definition: Definition;
}

/** What a study is made of, as far as the page shows it. */
export interface Definition {
  application?: Record<string, unknown>;
  space?: { blocks?: unknown[]; where?: unknown } & Record<string, unknown>;
  run?: Record<string, unknown>;
  [field: string]: unknown;
}

export interface RunRow {
  index: number;
  state: string;
  cause: string | null;
  attempts: number | null;
  parameters: Record<string, Cell>;
  outputs: Record<string, Cell>;
  wall_seconds: number | null;
  cpu_seconds: number | null;
  started: string | null;
  worker: number | null;
  slot: number | null;
}

export interface RunsPage {
  /** `null`: nobody has counted them. */
  total: number | null;
  rows: RunRow[];
}

export interface Captured {
  tail: string;
  length_bytes: number;
}

export interface Attempt {
  number: number;
  state: string;
  cause: string | null;
  message: string | null;
  exit_code: number | null;
  started: string;
  wall_seconds: number;
  cpu_seconds: number;
  peak_memory_bytes: number | null;
  worker: number | null;
  slot: number;
  stdout: Captured;
  stderr: Captured;
}

export interface Run {
  index: number;
  parameters: Record<string, Cell>;
  outputs: Record<string, Cell>;
  attempts: Attempt[];
}

export interface RunningRun {
  index: number;
  attempt: number;
  slot: number;
  since: string;
  point: Cell[];
}

export interface RunFile {
  name: string;
  size_bytes: number;
}

export interface Share {
  id: number;
  created: string;
  by: string | null;
  expires: string | null;
}
