// Why runs fail, as people say it.

const NAMES: Record<string, string> = {
  exit: "exit code",
  signal: "killed by a signal",
  "out-of-memory": "out of memory",
  "time-out": "took too long",
  "lost-worker": "worker lost",
  "bad-output": "bad output",
  "not-started": "could not start",
  exception: "exception",
  cancelled: "cancelled",
};

export const CAUSES = Object.keys(NAMES);

export function causeName(cause: string): string {
  return NAMES[cause] ?? cause.replaceAll("_", " ").replaceAll("-", " ");
}
