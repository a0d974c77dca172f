// Who is here, and what they may do. The server decides; the page only shows early what it would refuse.

import { Problem, asProblem, get, post, remove, whenStranger } from "../api/client";
import { events } from "../api/events.svelte";
import type { Session } from "../api/shapes";
import { place } from "./place.svelte";

const PROJECT = "paramo-project";

/** Actions in words, for the reason why something cannot be done. */
const WORDS: Record<string, string> = {
  "study.create": "start studies",
  "study.control": "control studies",
  "study.delete": "delete studies",
  "study.share": "share studies",
  "application.write": "register applications",
  "secret.write": "change secrets",
  "project.manage": "manage this project",
  "project.create": "make projects",
  "project.quota": "set quotas",
  "project.delete": "delete projects",
  "user.manage": "manage users",
  "audit.read": "read the audit trail",
};

class Who {
  now: Session | undefined = $state.raw();
  problem: Problem | undefined = $state.raw();
  /** The project that lists are narrowed to; empty: all. */
  project = $state("");

  readonly projects = $derived(this.now?.projects ?? []);
  /** Somebody who may see more than a log-in page: with an account, or by the link or the token of the server itself. */
  readonly known = $derived(this.now !== undefined && (this.now.user !== null || this.now.server.length > 0));
  /** Only one study, by a link that was shared. */
  readonly guest = $derived(this.now !== undefined && !this.known && this.now.shared !== null);

  async load(): Promise<void> {
    try {
      this.take(await get<Session>("/session"));
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  take(session: Session): void {
    this.now = session;
    this.problem = undefined;
    const kept = keep();
    this.project = session.projects.some((project) => project.name === kept) ? kept : "";
    if (this.known || this.guest) events.start();
    else events.stop();
  }

  choose(project: string): void {
    this.project = project;
    try {
      localStorage.setItem(PROJECT, project);
    } catch {
      // It is chosen for as long as the page is open.
    }
  }

  async logIn(name: string, password: string): Promise<void> {
    this.take(await post<Session>("/session", { name, password }));
  }

  async logOut(): Promise<void> {
    await remove("/session");
    events.stop();
    await this.load();
    place.go("/login");
  }

  /** Whether an action is allowed, in a project or in any. */
  may(action: string, project?: string | null): boolean {
    const session = this.now;
    if (!session) return false;
    if (project) return session.actions[project]?.includes(action) ?? false;
    return session.server.includes(action) || Object.values(session.actions).some((actions) => actions.includes(action));
  }

  /** Why an action is not allowed; `null`: it is. */
  whyNot(action: string, project?: string | null): string | null {
    if (this.may(action, project)) return null;
    if (this.guest) return "The link that you opened only lets you look.";
    const role = project ? this.projects.find((one) => one.name === project)?.role : null;
    const words = WORDS[action] ?? action;
    if (project && role) return `As ${article(role)} of ${project} you cannot ${words}. A manager of the project can change your role.`;
    return `You may not ${words}. Ask an administrator of this server.`;
  }

  /** Where something new goes to: the chosen project, or the first one where it is allowed. */
  home(action: string): string {
    if (this.project) return this.project;
    const allowed = this.projects.filter((project) => this.may(action, project.name));
    return (allowed.find((project) => project.name === "default") ?? allowed[0] ?? this.projects[0])?.name ?? "default";
  }
}

function article(role: string): string {
  return /^[aeiou]/.test(role) ? `an ${role}` : `a ${role}`;
}

function keep(): string {
  try {
    return localStorage.getItem(PROJECT) ?? "";
  } catch {
    return "";
  }
}

export const session = new Who();

// A session that has ended is noticed by whatever asks next.
whenStranger(() => {
  if (session.known) void session.load();
});
