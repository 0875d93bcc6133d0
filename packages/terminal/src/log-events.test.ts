import type { Attempt } from "@tillsync/engine";
import { beforeEach, expect, it, vi } from "vitest";
import { terminalApp } from "./app.ts";
import { logEvents } from "./log-events.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";
import { QUEUE_ITEM, recordedSample, STATUS } from "./testing/samples.ts";

const ATTEMPT: Attempt = {
  lane: "central",
  correlationId: "01890a5d-ac96-774b-bcce-0000000000c1",
  attemptNumber: 4,
  startedAtMs: 0,
  durationMs: 119.6,
  outcome: "ok",
  code: null,
  message: null,
  shouldRetry: false,
  sent: 3,
  fromSeq: 1,
  changes: 3,
};
const FAILED = { ...ATTEMPT, outcome: "failed", code: "UNREACHABLE", message: "Amina said no", sent: 0 } as const;

let terminal: FakeTerminal;
const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
beforeEach(() => {
  vi.clearAllMocks();
  terminal = new FakeTerminal();
  logEvents(terminal, log);
});

/** A status in which that many changes need a person. */
const needing = (failed: number) => ({
  ...STATUS,
  queue: STATUS.queue.map((one, n) => (n ? one : { ...one, failed })),
});

it("says at level info what went, and only for debugging that there was nothing to send", () => {
  terminal.emit({ type: "attempt", attempt: ATTEMPT });
  const facts = { correlationId: ATTEMPT.correlationId, lane: "central", changes: 3, sent: 3, ms: 120 };
  expect(log.info.mock.calls).toEqual([[facts, "sent"]]);
  terminal.emit({ type: "attempt", attempt: { ...ATTEMPT, changes: 0, sent: 0 } });
  expect(log.debug.mock.calls).toEqual([[{ ...facts, changes: 0, sent: 0 }, "asked"]]);
});

it("warns of a failure that is tried again, with its code and without its sentence", () => {
  terminal.emit({ type: "attempt", attempt: { ...FAILED, shouldRetry: true } });
  expect(log.warn).toHaveBeenCalledWith(
    expect.objectContaining({ code: "UNREACHABLE", attemptNumber: 4, correlationId: ATTEMPT.correlationId }),
    "attempt failed; it is tried again",
  );
  expect(JSON.stringify(log.warn.mock.calls)).not.toContain("Amina");
});

it("calls it an error when sending stopped", () => {
  terminal.emit({ type: "attempt", attempt: { ...FAILED, code: "FORK" } });
  expect(log.error).toHaveBeenCalledWith(expect.objectContaining({ code: "FORK" }), expect.stringContaining("person"));
});

it("tells that a shift opened and closed, by its place; sales only for debugging", () => {
  for (const kind of ["shift.opened", "order.closed", "shift.closed"] as const)
    terminal.emit({ type: "recorded", recorded: { ...recordedSample(1), localId: "shift-1", kind } });
  expect(log.info.mock.calls.map(([facts]) => [facts.kind, facts.seq])).toEqual([
    ["shift.opened", 1],
    ["shift.closed", 1],
  ]);
  expect(JSON.stringify(log.info.mock.calls)).not.toContain("shift-1");
  expect(log.debug).toHaveBeenCalledTimes(1);
});

it("calls each change that needs a person an error, once", () => {
  terminal.queue = () => ({
    items: [{ ...QUEUE_ITEM, status: "Failed", effect: "parked", lastError: "The total of Amina is 5." }],
    next: null,
  });
  terminal.emit({ type: "status", status: needing(1) });
  terminal.emit({ type: "status", status: needing(1) });
  terminal.emit({ type: "status", status: needing(2) });
  expect(log.error).toHaveBeenCalledTimes(1);
  expect(log.error.mock.calls[0]?.[0]).toMatchObject({ id: QUEUE_ITEM.id, effect: "parked" });
  expect(JSON.stringify(log.error.mock.calls)).not.toContain("Amina");
});

it("does not look for them again and again while their number stays", () => {
  const asked = vi.spyOn(terminal, "queue");
  for (let n = 0; n < 10; n++) terminal.emit({ type: "status", status: needing(5_000) });
  expect(asked).toHaveBeenCalledTimes(1);
});

it("tells that the way to head office changed, and that it stood still", () => {
  const connectivity = { target: "central", state: "offline", since: null, lastAnswerAt: null } as const;
  terminal.emit({ type: "connectivity", from: "online", connectivity });
  expect(log.warn).toHaveBeenCalledWith({ target: "central", from: "online", state: "offline" }, expect.anything());
  terminal.emit({ type: "connectivity", from: "offline", connectivity: { ...connectivity, state: "online" } });
  expect(log.info).toHaveBeenCalledWith({ target: "central", from: "offline", state: "online" }, expect.anything());
  terminal.emit({ type: "stalled", stall: { code: "STALLED", what: "central", message: "It stood.", at: "now" } });
  expect(log.error).toHaveBeenCalledWith({ code: "STALLED", what: "central" }, "It stood.");
});

it("stops with the door", async () => {
  const app = terminalApp({ terminal, log });
  await app.ready();
  const before = terminal.listeners.size;
  await app.close();
  expect(terminal.listeners.size).toBeLessThan(before);
  expect(terminal.listeners.size).toBe(1);
});
