import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type EventStream, MAX_WAITING_RECORDS, openEventStream } from "./event-stream.ts";
import { recordedSample } from "./testing/samples.ts";

/** A connection whose reader takes what was written only when told to. */
class SlowReader extends Writable {
  text = "";
  #taken: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 64, decodeStrings: false });
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk;
    this.#taken = done;
  }

  /** Takes what is written so far, and lets the stream answer to it. */
  async take(): Promise<void> {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
    await setImmediate();
    await setImmediate();
  }
}

let reader: SlowReader;
let stream: EventStream;
let beat: () => void;
const closed = vi.fn();
const stopBeating = vi.fn();

beforeEach(() => {
  vi.clearAllMocks();
  reader = new SlowReader();
  stream = openEventStream(
    reader,
    (_delayMs, fn) => {
      beat = fn;
      return stopBeating;
    },
    closed,
  );
});

describe("a slow reader", () => {
  it("gets the latest state and none of those between", async () => {
    await reader.take();
    stream.state("status", { n: 0, filler: "x".repeat(100) });
    await setImmediate();
    for (let n = 1; n <= 1000; n++) stream.state("status", { n });
    await setImmediate();
    await reader.take();
    await reader.take();
    expect(reader.text.match(/"n":\d+/g)).toEqual(['"n":0', '"n":1000']);
  });

  it("gets the newest records and the count of those it missed", async () => {
    await reader.take();
    stream.state("status", { filler: "x".repeat(100) });
    await setImmediate();
    for (let seq = 1; seq <= MAX_WAITING_RECORDS + 10; seq++) stream.recorded(recordedSample(seq));
    await setImmediate();
    expect(reader.writableLength).toBeLessThan(1000);
    await reader.take();
    await reader.take();
    expect(reader.text).toContain('event: missed\ndata: {"recorded":10}');
    expect(reader.text.match(/event: recorded/g)).toHaveLength(MAX_WAITING_RECORDS);
    expect(reader.text).toContain('"seq":11,');
    expect(reader.text).not.toContain('"seq":10,');
  });

  it("that takes nothing for a minute is let go", async () => {
    stream.state("status", { filler: "x".repeat(100) });
    await setImmediate();
    for (let beats = 0; beats < 3; beats++) beat();
    expect(reader.destroyed).toBe(false);
    beat();
    await setImmediate();
    expect(reader.destroyed).toBe(true);
    expect(closed).toHaveBeenCalledOnce();
    expect(stopBeating).toHaveBeenCalledOnce();
  });
});

it("a reader that does not read cannot hold up the end", async () => {
  stream.state("status", { filler: "x".repeat(100) });
  await setImmediate();
  stream.end();
  await setImmediate();
  expect(closed).toHaveBeenCalledOnce();
});

it("a quiet connection carries a comment with every beat", async () => {
  await reader.take();
  beat();
  expect(reader.text).toContain(": still here\n\n");
});

it("nothing is written after the end", async () => {
  await reader.take();
  stream.end();
  stream.recorded(recordedSample(1));
  await setImmediate();
  beat();
  await reader.take();
  expect(reader.text).not.toContain("recorded");
  expect(reader.errored).toBeNull();
});
