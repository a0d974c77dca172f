// Which runs are looked at: what the filters of the page say, for the table, the charts and the files.

import { both } from "../../charts/condition";

export interface Filter {
  /** `succeeded`, `failed`, `running`, `waiting`, or nothing. */
  state: string;
  cause: string;
  /** A condition over the columns. */
  where: string;
}

export function isEmpty(filter: Filter): boolean {
  return filter.state === "" && filter.cause === "" && filter.where.trim() === "";
}

/** Whether runs are asked for that have no results yet, so that nothing but the state can choose among them. */
export function unended(filter: Filter): boolean {
  return filter.state === "running" || filter.state === "waiting";
}

/** The whole filter as one condition, for what takes no other. */
export function asCondition(filter: Filter): string {
  if (unended(filter)) return "";
  let condition = filter.where.trim();
  if (filter.cause !== "") condition = both(`cause == '${filter.cause}'`, condition);
  if (filter.state !== "") condition = both(`state == '${filter.state}'`, condition);
  return condition;
}

/** For the address of `/runs`. */
export function asQuery(filter: Filter): Record<string, string> {
  if (unended(filter)) return { state: filter.state };
  return { state: filter.state, cause: filter.cause, where: filter.where.trim() };
}

/** A part of a command for the shell, quoted. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What the terminal is told to see the same. */
export function command(study: string, format: string, filter: Filter): string {
  const condition = asCondition(filter);
  const where = condition === "" ? "" : ` --where ${quoted(condition)}`;
  const ending = format === "jsonl" ? "jsonl" : format;
  return `paramo export ${study}${where} --output ${study.replace(/[^\w.-]/g, "-")}.${ending}`;
}
