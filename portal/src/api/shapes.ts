// The words of the API that pages read and write: those of the OpenAPI document, and what is not in it.

export interface User {
  name: string;
  display_name: string | null;
  email: string | null;
  administrator: boolean;
  source: string;
  disabled?: boolean;
  /** Whether a local user has followed the invitation. */
  welcomed?: boolean;
  created?: string;
  seen?: string | null;
}

export interface Session {
  user: User | null;
  embedded: boolean;
  /** The study that a share link shows. */
  shared: number | null;
  login: { local: boolean; ldap: boolean; oidc: { name: string } | null };
  projects: { name: string; title: string; role: string | null }[];
  /** By project: what may be done. */
  actions: Record<string, string[]>;
  /** What may be done that is of no project. */
  server: string[];
  version: string;
}

export interface Going {
  points: number;
  left_out: number;
  succeeded: number;
  failed: number;
  running: number;
  retried: number;
  paused: boolean;
  runs_per_second: number;
  remaining_seconds?: number | null;
  elapsed_seconds: number;
}

/** The first thing that stands in the way, and what would change it. */
export interface Why {
  code: string;
  what: string;
  change?: string | null;
}

export interface Study {
  id: number;
  project: string;
  name: string;
  version: number;
  state: "open" | "paused" | "finished" | "cancelled";
  created: string;
  changed: string;
  succeeded: number;
  failed: number;
  retried: number;
  cpu_seconds: number;
  wall_seconds: number;
  failed_by_cause: Record<string, number>;
  working: boolean;
  progress?: Going | null;
  why?: Why | null;
  points?: number | null;
}

export type Cell = string | number | boolean | null;

export interface Parameter {
  name: string;
  kind: string;
  unit?: string | null;
  minimum?: number | null;
  maximum?: number | null;
  default?: Cell;
  choices?: Cell[] | null;
  description?: string | null;
}

export interface Output {
  name: string;
  unit?: string | null;
  description?: string | null;
}

export interface Application {
  project: string;
  name: string;
  version: number;
  versions?: number | number[];
  description: string | null;
  deprecated: string | null;
  created: string;
  by: string | null;
  parameters: Parameter[];
  outputs: Output[];
  definition?: Record<string, unknown>;
  file?: string;
}

export interface Estimate {
  points: number | null;
  left_out: number | null;
  basis: "measured" | "declared" | "unknown";
  seconds: number | null;
  cpu_hours: number | null;
  slots: number | null;
  sample: (Record<string, Cell> | Cell[])[];
  why: Why | null;
}

export interface Site {
  name: string;
  help: string;
}

export interface Worker {
  id: number;
  name: string;
  cpus: number;
  memory_bytes: number;
  gpus: number;
  leased: number;
  studies: number[];
  draining: boolean;
  /** `here` in the process of the server, else `connected` or `away`. */
  state: string;
  /** The machine of a worker elsewhere. */
  host?: string | null;
  allocation?: string | null;
}

/** What a site was asked for, and what has become of it. */
export interface Granted {
  name: string;
  job?: string | null;
  state: string;
  detail: string;
  asked: string;
  began?: string | null;
  ended?: string | null;
  cpu_seconds?: number | null;
  memory_bytes?: number | null;
}

export interface Pool {
  name: string;
  site: string;
  workers: number;
  running: number;
  cpus: number;
  maximum?: number | null;
  trouble?: string | null;
  allocations: Granted[];
}

export interface Quota {
  runs: number | null;
  cpu_hours: number | null;
  storage_bytes: number | null;
}

export interface Project {
  name: string;
  title: string;
  role: string | null;
  share: number;
  quota: Quota;
  usage: { studies: number; running: number; cpu_hours: number; storage_bytes: number };
  members: number;
  created: string;
}

export interface Member {
  kind: "user" | "group";
  name: string;
  display_name: string | null;
  role: string;
}

export interface Secret {
  name: string;
  created: string;
  by: string | null;
}

export interface ApiToken {
  id: number | string;
  name: string;
  scopes: string[];
  project: string | null;
  created: string;
  expires: string | null;
  used: string | null;
  token?: string;
}

export interface AuditEntry {
  id: number;
  at: string;
  user: string | null;
  via: string;
  action: string;
  project: string | null;
  target: string | null;
  outcome: "done" | "refused" | "failed";
  detail: string | null;
}

export interface Roles {
  roles: string[];
  actions: { name: string; help: string; roles: string[] }[];
}

export interface Welcome {
  purpose: "first-administrator" | "invitation" | "reset";
  name: string | null;
}
