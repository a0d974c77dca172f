// Which page an address shows. Pages are loaded when they are first wanted.

import type { Component } from "svelte";

type Page = Component<Record<string, string>>;
export interface Route {
  pattern: string;
  /** How it is called in the window's title until the page says otherwise. */
  title: string;
  load: () => Promise<{ default: unknown }>;
  /** Without the frame: for those who are not logged in. */
  bare?: boolean;
}

export const ROUTES: Route[] = [
  { pattern: "/", title: "Overview", load: () => import("../pages/Overview.svelte") },
  { pattern: "/studies", title: "Studies", load: () => import("../pages/Studies.svelte") },
  { pattern: "/studies/:id", title: "Study", load: () => import("../pages/study/Study.svelte") },
  { pattern: "/studies/:id/runs/:index", title: "Run", load: () => import("../pages/study/Run.svelte") },
  { pattern: "/new", title: "New study", load: () => import("../pages/new/New.svelte") },
  { pattern: "/applications", title: "Applications", load: () => import("../pages/Applications.svelte") },
  { pattern: "/applications/:project/:name", title: "Application", load: () => import("../pages/Application.svelte") },
  { pattern: "/sites", title: "Sites and workers", load: () => import("../pages/Sites.svelte") },
  { pattern: "/projects", title: "Projects", load: () => import("../pages/Projects.svelte") },
  { pattern: "/projects/:name", title: "Project", load: () => import("../pages/Project.svelte") },
  { pattern: "/users", title: "Users", load: () => import("../pages/Users.svelte") },
  { pattern: "/tokens", title: "Tokens", load: () => import("../pages/Tokens.svelte") },
  { pattern: "/audit", title: "Audit trail", load: () => import("../pages/Audit.svelte") },
  { pattern: "/account", title: "Account", load: () => import("../pages/Account.svelte") },
  { pattern: "/login", title: "Log in", load: () => import("../pages/Login.svelte"), bare: true },
  { pattern: "/welcome/:code", title: "Welcome", load: () => import("../pages/Welcome.svelte"), bare: true },
  { pattern: "/device", title: "Let a program in", load: () => import("../pages/Device.svelte") },
];

export interface Match {
  route: Route;
  params: Record<string, string>;
}

/** The route of a path, or `null`. */
export function match(path: string, routes: Route[] = ROUTES): Match | null {
  const parts = path.split("/").filter((part) => part !== "");
  for (const route of routes) {
    const wanted = route.pattern.split("/").filter((part) => part !== "");
    if (wanted.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((word, i) => {
      if (!word.startsWith(":")) return word === parts[i];
      params[word.slice(1)] = decoded(parts[i]);
      return true;
    });
    if (fits) return { route, params };
  }
  return null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export async function component(route: Route): Promise<Page> {
  return (await route.load()).default as Page;
}
