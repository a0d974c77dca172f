// What is sent to estimate and to begin a study.

export interface Body {
  file?: string;
  application?: string;
  name?: string;
  space?: Record<string, unknown>;
  run?: Record<string, unknown>;
  attachments?: Record<string, string>;
}

/** What is wrong at a field of the space, wherever its block stands: `space.k1`, `space.0.k1`, `space.0.k1.from`. */
export function faultOf(faults: readonly { field: string; message: string; help?: string | null }[], name: string): string | null {
  const parts = (field: string) => field.split(".");
  const found = faults.filter(({ field }) => {
    const path = parts(field);
    if (path.length === 1) return path[0] === name;
    return path[0] === "space" && (path[1] === name || (/^\d+$/.test(path[1]) && path[2] === name));
  });
  return found.length === 0 ? null : found.map(({ message, help }) => (help ? `${message}; ${help}` : message)).join("\n");
}
