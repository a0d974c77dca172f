// Events arrive whole, however the bytes are cut.
import { expect, it } from "vitest";
import { Parser, type Sent } from "./sse";

const TEXT = 'retry: 1000\n\nid: 7-1\nevent: progress\ndata: {"a":"é"}\n\n:\n\nid: 7-2\nevent: missed\ndata: {}\n\ndata: a\ndata:b\n\nevent: half\n';
const WHOLE: Sent[] = [
  { id: "7-1", name: "progress", data: '{"a":"é"}' },
  { id: "7-2", name: "missed", data: "{}" },
  { id: "7-2", name: "message", data: "a\nb" },
];

it.each([1, 2, 3, 7, 1000])("in pieces of %i bytes", (size) => {
  const bytes = new TextEncoder().encode(TEXT);
  const parser = new Parser();
  const events: Sent[] = [];
  for (let at = 0; at < bytes.length; at += size) events.push(...parser.push(bytes.subarray(at, at + size)));
  expect(events).toEqual(WHOLE);
});

it("with the line ends of other systems", () => {
  expect(new Parser().push(new TextEncoder().encode("event: x\r\ndata: 1\r\n\r\n"))).toEqual([{ id: null, name: "x", data: "1" }]);
});
