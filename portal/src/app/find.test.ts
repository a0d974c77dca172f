// The nearest comes first.
import { expect, it } from "vitest";
import { rank } from "./find";
import { match } from "./routes";

const ALL = ["hes1-wide", "Studies", "wide-hes1", "chess1", "h-e-s-1", "Users"].map((label) => ({ label, words: label === "Users" ? "people accounts" : "" }));
const found = (typed: string) => rank(typed, ALL).map((entry) => entry.label);

it("finds", () => {
  expect(found("hes1")).toEqual(["hes1-wide", "wide-hes1", "chess1", "h-e-s-1"]);
  expect(found("wide")).toEqual(["wide-hes1", "hes1-wide"]);
  expect(found("peo")).toEqual(["Users"]);
  expect(found("stu")).toEqual(["Studies"]);
  expect(found("hs1")).toEqual(["hes1-wide", "wide-hes1", "chess1", "h-e-s-1"]);
  expect(found("")).toHaveLength(6);
  expect(found("zzz")).toEqual([]);
});

it("knows addresses", () => {
  expect(match("/studies/5/runs/7")?.params).toEqual({ id: "5", index: "7" });
  expect(match("/studies/")?.route.pattern).toBe("/studies");
  expect(match("/applications/a%20b/c")?.params.project).toBe("a b");
  expect(match("/applications/%E0%A4/c")?.params.project).toBe("%E0%A4");
  expect(match("/nowhere")).toBeNull();
});
