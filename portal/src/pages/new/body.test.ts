// Errors of the server find the field that they are about.
import { expect, it } from "vitest";
import { faultOf } from "./body";

const FAULTS = [
  { field: "space.k1", message: "a" },
  { field: "space.0.k2.from", message: "b", help: "c" },
  { field: "name", message: "d" },
  { field: "application.parameters.k1", message: "e" },
];

it("finds them", () => {
  expect(faultOf(FAULTS, "k1")).toBe("a");
  expect(faultOf(FAULTS, "k2")).toBe("b; c");
  expect(faultOf(FAULTS, "name")).toBe("d");
  expect(faultOf(FAULTS, "k3")).toBeNull();
});
