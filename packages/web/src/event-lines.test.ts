import { describe, expect, it } from "vitest";
import { eventLines } from "./event-lines.ts";

const STREAM = `retry: 2000\n\nevent: status\ndata: {"light":"green"}\n\n: still here\n\nevent: recorded\ndata: {"localId":"é"}\n\n`;
const EVENTS = [
  { name: "status", data: { light: "green" } },
  { name: "recorded", data: { localId: "é" } },
];

describe("a stream of events", () => {
  it.each([1, 2, 7, 1000])("is read the same in pieces of %i", (size) => {
    const read = eventLines();
    const found = [];
    for (let at = 0; at < STREAM.length; at += size) found.push(...read(STREAM.slice(at, at + size)));
    expect(found).toEqual(EVENTS);
  });

  it("is given up when an event has no end", () => {
    const read = eventLines();
    expect(() => read(`data: ${"x".repeat(5 * 1024 * 1024)}`)).toThrow("without an end");
  });
});
