// Axes of time: in the unit in which the whole reads best.

import { findLast } from "./find";

export interface Clock {
  unit: string;
  seconds: number;
}

const CLOCKS: Clock[] = [
  { unit: "ms", seconds: 0.001 },
  { unit: "s", seconds: 1 },
  { unit: "min", seconds: 60 },
  { unit: "h", seconds: 3600 },
  { unit: "d", seconds: 86400 },
];

export function elapsed(seconds: number): Clock {
  return findLast(CLOCKS, (clock) => seconds >= 2 * clock.seconds) ?? CLOCKS[0];
}
