// What may be done with a study now, and why not.

import type { Study } from "./shapes";

export type ActionId = "start" | "pause" | "resume" | "cancel" | "retry" | "extend" | "slots" | "limits" | "share" | "delete";

export interface Action {
  id: ActionId;
  label: string;
  /** Why it cannot be done now; `null`: it can. */
  reason: string | null;
}

const RIGHT: Record<ActionId, string> = {
  start: "study.control",
  pause: "study.control",
  resume: "study.control",
  cancel: "study.control",
  retry: "study.control",
  extend: "study.control",
  slots: "study.control",
  limits: "study.control",
  share: "study.share",
  delete: "study.delete",
};

const LABEL: Record<ActionId, string> = {
  start: "Start",
  pause: "Pause",
  resume: "Resume",
  cancel: "Cancel",
  retry: "Retry failed runs",
  extend: "Extend",
  slots: "Runs at once",
  limits: "Limits",
  share: "Share",
  delete: "Delete",
};

/** Every action, with the reason of those that are not possible. `whyNot`: why the caller may not do what the roles table calls so. */
export function allowed(study: Study, whyNot: (right: string) => string | null): Record<ActionId, Action> {
  const over = study.state === "finished" ? "It has finished." : study.state === "cancelled" ? "It is cancelled." : null;
  const state: Record<ActionId, string | null> = {
    start: over ?? (study.state === "paused" ? "It is paused; resume it." : study.working ? "It is being worked on." : null),
    pause: over ?? (study.state === "paused" ? "It is paused." : null),
    resume: study.state === "paused" || study.state === "cancelled" ? null : (over ?? "It is not paused."),
    cancel: over,
    retry: study.failed > 0 ? null : "No run has failed.",
    extend: null,
    slots: over,
    limits: over,
    share: null,
    delete: study.working ? "It is being worked on; cancel it first." : null,
  };
  const one = (id: ActionId): Action => ({ id, label: LABEL[id], reason: whyNot(RIGHT[id]) ?? state[id] });
  return {
    start: one("start"),
    pause: one("pause"),
    resume: one("resume"),
    cancel: one("cancel"),
    retry: one("retry"),
    extend: one("extend"),
    slots: one("slots"),
    limits: one("limits"),
    share: one("share"),
    delete: one("delete"),
  };
}

/** The one thing that a person is most likely to do next. */
export function main(study: Study): ActionId | null {
  if (study.state === "paused" || study.state === "cancelled") return "resume";
  if (study.state === "open") return study.working ? "pause" : "start";
  return study.state === "finished" && study.failed > 0 ? "retry" : null;
}

/** How far it is. Points that the condition leaves out do not count. */
export function progress(study: Study): { total: number | null; succeeded: number; failed: number; running: number; part: number | null } {
  const { succeeded, failed, progress: going } = study;
  const left = going?.left_out ?? 0;
  const points = going?.points ?? study.points;
  const total = points === null ? null : study.state === "finished" ? succeeded + failed : Math.max(succeeded + failed, points - left);
  return {
    total,
    succeeded,
    failed,
    running: going?.running ?? 0,
    part: total === null ? null : total === 0 ? 1 : (succeeded + failed) / total,
  };
}
