// Finds by a few letters: the start of the name before the start of a word before anywhere before letters in order.

export interface Findable {
  label: string;
  words: string;
}

export function rank<T extends Findable>(typed: string, all: readonly T[]): T[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === "") return [...all];
  return all
    .map((entry, at) => ({ entry, at, score: score(wanted, entry) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.at - b.at)
    .map(({ entry }) => entry);
}

function score(wanted: string, { label, words }: Findable): number {
  const name = label.toLowerCase();
  if (name === wanted) return 6;
  if (name.startsWith(wanted)) return 5;
  if (starts(name, wanted)) return 4;
  if (name.includes(wanted)) return 3;
  if (starts(words.toLowerCase(), wanted)) return 2;
  return inOrder(name, wanted) ? 1 : 0;
}

function starts(text: string, wanted: string): boolean {
  return text.split(/[\s\-_@.]+/).some((word) => word.startsWith(wanted));
}

function inOrder(text: string, wanted: string): boolean {
  let at = 0;
  for (const letter of wanted) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
