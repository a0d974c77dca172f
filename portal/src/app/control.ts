// What can be done with a study from a list: the words, what is assumed until the server has answered, and what is said then.

import { post, remove } from "../api/client";
import type { Study } from "../api/shapes";
import type { Item } from "../design/Menu.svelte";
import { toast } from "../design/toast.svelte";
import { session } from "./session.svelte";
import type { LiveStudies } from "./studies.svelte";

type Verb = "start" | "pause" | "resume" | "cancel";

const DONE: Record<Verb, string> = { start: "started", pause: "paused", resume: "goes on", cancel: "cancelled" };
const STATE: Record<Verb, Study["state"]> = { start: "open", pause: "paused", resume: "open", cancel: "cancelled" };

export async function control(verb: Verb, study: Study, list: LiveStudies): Promise<void> {
  const { state } = study;
  list.assume(study.id, { state: STATE[verb] });
  try {
    await post(`/studies/${study.id}/${verb}`);
    toast.good(`${study.name} ${DONE[verb]}`);
  } catch (error) {
    list.assume(study.id, { state });
    toast.bad(error as Error);
  }
  list.again();
}

export async function destroy(study: Study, list: LiveStudies): Promise<boolean> {
  try {
    await remove(`/studies/${study.id}`);
    toast.good(`${study.name} deleted`);
    list.again();
    return true;
  } catch (error) {
    toast.bad(error as Error);
    return false;
  }
}

/** The menu of a study, with the reasons of what is not possible now. */
export function menu(study: Study, list: LiveStudies, ask: (what: "cancel" | "delete", study: Study) => void): Item[] {
  const not = session.whyNot("study.control", study.project);
  const over = study.state === "finished" ? "It has finished." : study.state === "cancelled" ? "It is cancelled." : null;
  const items: Item[] = [];
  if (study.state === "open" && !study.working) items.push({ label: "Start", icon: "play", why: not, action: () => void control("start", study, list) });
  if (study.state === "paused" || study.state === "cancelled")
    items.push({ label: "Resume", icon: "play", why: not, action: () => void control("resume", study, list) });
  else items.push({ label: "Pause", icon: "pause", why: not ?? over, action: () => void control("pause", study, list) });
  items.push({ label: "Cancel…", icon: "stop", why: not ?? over, action: () => ask("cancel", study) });
  items.push({
    label: "Delete…",
    icon: "trash",
    danger: true,
    apart: true,
    why: session.whyNot("study.delete", study.project) ?? (study.working ? "It is being worked on; cancel it first." : null),
    action: () => ask("delete", study),
  });
  return items;
}
