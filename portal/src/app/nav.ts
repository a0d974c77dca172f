// Where the navigation and the palette lead.

import type { IconName } from "../design/Icon.svelte";
import { session } from "./session.svelte";

export interface Goal {
  path: string;
  label: string;
  icon: IconName;
  /** Other words for it. */
  also?: string;
}

/** What concerns the one who is here. */
export function goals(): { work: Goal[]; people: Goal[] } {
  const work: Goal[] = [
    { path: "/", label: "Overview", icon: "overview", also: "home start running" },
    { path: "/studies", label: "Studies", icon: "studies", also: "sweeps runs results" },
    { path: "/applications", label: "Applications", icon: "applications", also: "programs registry" },
    { path: "/sites", label: "Sites", icon: "sites", also: "workers pools machines cluster" },
  ];
  if (session.now?.embedded || session.guest) return { work: session.guest ? [] : work, people: [] };
  const people: Goal[] = [
    { path: "/projects", label: "Projects", icon: "projects", also: "members groups quotas secrets" },
    { path: "/tokens", label: "Tokens", icon: "token", also: "api keys access" },
  ];
  if (session.may("audit.read")) people.push({ path: "/audit", label: "Audit trail", icon: "audit", also: "history log who" });
  if (session.may("user.manage")) people.push({ path: "/users", label: "Users", icon: "users", also: "accounts people invitations" });
  return { work, people };
}
