// A form that is sent: busy while it goes, and what the server says is wrong shown at its field.

import { type Problem, asProblem } from "../api/client";

export class Form {
  busy = $state(false);
  problem: Problem | null = $state.raw(null);

  /** Does it, unless it is being done. Returns whether it was done. */
  async send(action: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await action();
      return true;
    } catch (error) {
      this.problem = asProblem(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** What is wrong with a field, by its path. */
  error(field: string): string | null {
    const faults = this.problem?.errors.filter((fault) => fault.field === field) ?? [];
    return faults.length === 0 ? null : faults.map((fault) => (fault.help ? `${fault.message}; ${fault.help}` : fault.message)).join("\n");
  }

  /** What is wrong with the whole: everything that is shown at none of these fields. */
  rest(fields: readonly string[]): { title: string; detail: string; errors: Problem["errors"] } | null {
    if (!this.problem) return null;
    const errors = this.problem.errors.filter((fault) => !fields.includes(fault.field));
    if (errors.length === 0 && this.problem.errors.length > 0) return null;
    return { title: this.problem.title, detail: this.problem.detail, errors };
  }

  clear(): void {
    this.problem = null;
  }
}
