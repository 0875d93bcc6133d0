import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { gzipSync } from "node:zlib";
import type { FastifyRequest } from "fastify";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { answerBrokenRequest } from "./broken-request.ts";
import { DOOR } from "./door-limits.ts";
import { isImporting, RowStream } from "./import-body.ts";

const socket = Object.assign(new EventEmitter(), {
  writable: true,
  end: vi.fn(),
  destroy: vi.fn(),
}) as unknown as Socket;

/** An import that comes in as `payload` gets it. */
function streamOf(payload: PassThrough, headers = {}) {
  const request = { headers, raw: { socket } } as unknown as FastifyRequest;
  return new RowStream(request, payload, "application/x-ndjson").pieces();
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

it("ends an import whose sender falls silent, and not one that waits for the database", async () => {
  const payload = new PassThrough();
  const pieces = streamOf(payload);
  payload.write("a");
  expect((await pieces.next()).value?.toString()).toBe("a");
  vi.advanceTimersByTime(DOOR.importStallMs * 10);
  payload.write("b");
  expect((await pieces.next()).value?.toString()).toBe("b");
  const silent = pieces.next();
  const told = expect(silent).rejects.toMatchObject({ code: "TIMED_OUT", details: { field: "body" } });
  vi.advanceTimersByTime(DOOR.importStallMs);
  await told;
});

it("is not held to the time that other requests have, while it comes", async () => {
  const late = Object.assign(new Error("late"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
  const payload = new PassThrough();
  const pieces = streamOf(payload);
  payload.write("a");
  await pieces.next();
  expect(isImporting(socket)).toBe(true);
  answerBrokenRequest(late, socket);
  expect(socket.end).not.toHaveBeenCalled();
  payload.end();
  expect((await pieces.next()).done).toBe(true);
  answerBrokenRequest(late, socket);
  expect(socket.end).toHaveBeenCalledWith(expect.stringContaining("HTTP/1.1 408"));
});

it("throws away the rest when whoever reads it stops, and leaves the connection whole", async () => {
  for (const headers of [{}, { "content-encoding": "gzip" }]) {
    const payload = new PassThrough();
    const pieces = streamOf(payload, headers);
    const text = Buffer.from("x".repeat(1000));
    payload.write("content-encoding" in headers ? gzipSync(text) : text);
    await pieces.next();
    await pieces.return(undefined);
    payload.end("rest");
    await new Promise((resolve) => payload.once("end", resolve));
    expect(payload.errored).toBeNull();
  }
});
