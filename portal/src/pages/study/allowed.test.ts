import { expect, it } from "vitest";
import { type ActionId, allowed, main, progress } from "./allowed";
import type { Study } from "./shapes";

const all = () => null;

function study(change: Partial<Study>): Study {
  return {
    id: 1,
    name: "s",
    version: 1,
    state: "open",
    created: "",
    changed: "",
    succeeded: 0,
    failed: 0,
    retried: 0,
    cpu_seconds: 0,
    wall_seconds: 0,
    failed_by_cause: {},
    working: false,
    progress: null,
    description: null,
    points: 10,
    parameters: [],
    outputs: [],
    slots: null,
    definition: {},
    ...change,
  };
}

function possible(of: Study): ActionId[] {
  return Object.values(allowed(of, all)).filter((action) => action.reason === null).map((action) => action.id);
}

it("what can be done follows from the state", () => {
  expect(possible(study({}))).toEqual(["start", "pause", "cancel", "extend", "slots", "limits", "share", "delete"]);
  expect(possible(study({ working: true }))).toEqual(["pause", "cancel", "extend", "slots", "limits", "share"]);
  expect(possible(study({ state: "paused" }))).toEqual(["resume", "cancel", "extend", "slots", "limits", "share", "delete"]);
  expect(possible(study({ state: "finished", failed: 2 }))).toEqual(["retry", "extend", "share", "delete"]);
});

it("a viewer may do nothing and is told why", () => {
  const actions = allowed(study({}), (right) => `not ${right}`);
  expect(actions.start.reason).toBe("not study.control");
  expect(actions.delete.reason).toBe("not study.delete");
});

it("the next thing to do", () => {
  expect(main(study({}))).toBe("start");
  expect(main(study({ working: true }))).toBe("pause");
  expect(main(study({ state: "paused" }))).toBe("resume");
  expect(main(study({ state: "finished", failed: 1 }))).toBe("retry");
  expect(main(study({ state: "finished" }))).toBeNull();
  expect(main(study({ state: "cancelled" }))).toBe("resume");
});

it("what the condition leaves out is not waited for", () => {
  const going = { points: 10, left_out: 4, succeeded: 2, failed: 1, running: 1, retried: 0, paused: false, runs_per_second: 1, remaining_seconds: 3, elapsed_seconds: 3 };
  expect(progress(study({ succeeded: 2, failed: 1, progress: going }))).toMatchObject({ total: 6, part: 0.5, running: 1 });
  expect(progress(study({ points: null }))).toMatchObject({ total: null, part: null });
  expect(progress(study({ state: "finished", succeeded: 5, points: 10 }))).toMatchObject({ total: 5, part: 1 });
});
