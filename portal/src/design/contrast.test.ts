// Holds the tokens to what eyes need: WCAG 2 contrast of every pair of text and ground that pages make, in light and in dark.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

function tokens(block: string): Map<string, string> {
  const found = block.matchAll(/--([a-z0-9-]+):\s*(#[0-9a-f]{6})\s*;/g);
  return new Map([...found].map(([, name, colour]) => [name, colour]));
}

const [lightText, darkText] = css.split(':root[data-theme="dark"]');
const light = tokens(lightText);
const dark = new Map([...light, ...tokens(darkText)]);

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ["page", "surface", "surface-raised", "surface-sunken", "surface-hover"];
const PLAIN = ["text", "text-muted", "accent-text", "good", "warn", "bad", "idle"];
const TEXT: [string, string][] = [
  ...PLAIN.flatMap((ink) => GROUNDS.map((ground): [string, string] => [ink, ground])),
  ["good", "good-soft"],
  ["warn", "warn-soft"],
  ["bad", "bad-soft"],
  ["idle", "idle-soft"],
  ["accent-text", "accent-soft"],
  ["text", "accent-soft"],
  ["text", "bad-soft"],
  ["text", "warn-soft"],
  ["text", "good-soft"],
  ["on-accent", "accent"],
  ["on-accent", "accent-strong"],
  ["on-bad", "bad-strong"],
];
const MARKS: [string, string][] = [
  ["border-strong", "surface"],
  ["border-strong", "surface-raised"],
  ["border-strong", "page"],
  ["focus", "surface"],
  ["focus", "page"],
  ["accent", "surface"],
  ["mark-succeeded", "surface"],
  ["mark-failed", "surface"],
];

describe.each([
  ["light", light],
  ["dark", dark],
])("%s", (_, theme) => {
  const ratio = (a: string, b: string) => contrast(theme.get(a) ?? "", theme.get(b) ?? "");

  it("knows black from white", () => expect(contrast("#000000", "#ffffff")).toBeCloseTo(21));
  it.each(TEXT)("%s reads on %s", (ink, ground) => expect(ratio(ink, ground)).toBeGreaterThanOrEqual(4.5));
  it.each(MARKS)("%s is seen on %s", (mark, ground) => expect(ratio(mark, ground)).toBeGreaterThanOrEqual(3));
});
