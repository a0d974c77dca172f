// From the end of an array: the page is also for browsers that do not know these yet.

export function findLastIndex<T>(items: readonly T[], holds: (item: T, index: number) => boolean): number {
  for (let i = items.length - 1; i >= 0; i--) {
    if (holds(items[i], i)) return i;
  }
  return -1;
}

export function findLast<T>(items: readonly T[], holds: (item: T) => boolean): T | undefined {
  const found = findLastIndex(items, holds);
  return found < 0 ? undefined : items[found];
}
