// Asks the server: JSON in and out, and every failure as a `Problem` that says what to do.

/** One thing that is wrong in what was sent, by its place. */
export interface Fault {
  field: string;
  message: string;
  help?: string | null;
}

/** An answer that is no success (RFC 9457), or no answer at all. */
export class Problem extends Error {
  constructor(
    readonly kind: string,
    readonly title: string,
    /** 0 when there was no answer. */
    readonly status: number,
    readonly detail: string,
    readonly errors: Fault[] = [],
  ) {
    super(detail || title);
    this.name = "Problem";
  }

  /** Whether trying again without a change may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

export interface Options {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  /** A creation that may be sent twice is done once. */
  key?: string;
}

/** Told when the server says that nobody is logged in. */
let onStranger: () => void = () => {};
export function whenStranger(handler: () => void): void {
  onStranger = handler;
}

/** The address of a path of the API, for links and downloads. */
export function url(path: string, query: Query = {}): string {
  const address = new URL(`api/v1${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") address.searchParams.set(name, String(value));
  }
  return address.href;
}

/** Asks and throws a `Problem` unless the answer is a success. */
export async function ask(method: string, path: string, options: Options = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.key !== undefined) headers["Idempotency-Key"] = options.key;
  let response: Response;
  try {
    response = await fetch(url(path, options.query), {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(
      "/problems/unreachable",
      "the server does not answer",
      0,
      "Check that it runs and that you are connected to its network, then try again.",
    );
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status === 401) onStranger();
  throw problem;
}

export async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<Record<string, unknown>>;
    return new Problem(
      typeof body.type === "string" ? body.type : "about:blank",
      typeof body.title === "string" ? body.title : `status ${response.status}`,
      response.status,
      typeof body.detail === "string" ? body.detail : "",
      Array.isArray(body.errors) ? (body.errors as Fault[]) : [],
    );
  } catch {
    // A proxy in between answers in its own words.
    const detail =
      response.status >= 502
        ? "Something between this page and the server answers in its place. Try again in a moment."
        : "The answer gives no reason. The server's log may.";
    return new Problem("about:blank", `status ${response.status} ${response.statusText}`.trim(), response.status, detail);
  }
}

async function json<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await ask(method, path, options);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  json<T>("GET", path, { ...(query && { query }), ...(signal && { signal }) });
export const post = <T>(path: string, body?: unknown, options: Options = {}): Promise<T> =>
  json<T>("POST", path, { ...options, body });
export const put = <T>(path: string, body: unknown, options: Options = {}): Promise<T> =>
  json<T>("PUT", path, { ...options, body });
export const patch = <T>(path: string, body: unknown): Promise<T> => json<T>("PATCH", path, { body });
export const remove = <T = void>(path: string): Promise<T> => json<T>("DELETE", path);

/** Of what was thrown, as something to show. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new Problem("about:blank", "something went wrong in this page", -1, detail);
}

/** A part of a path. */
export const part = (text: string | number): string => encodeURIComponent(String(text));
