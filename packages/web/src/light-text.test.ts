import { describe, expect, it } from "vitest";
import { lastSyncMs, lightText, queueOf } from "./light-text.ts";
import type { Status } from "./till-api.ts";

const STATUS: Status = {
  shortId: "T01",
  store: "main",
  currency: "KES",
  light: "red",
  incarnationOrdinal: 1,
  reborn: null,
  text: "",
  headSeq: 15,
  durableThrough: 12,
  pending: 3,
  exceptions: 1,
  lastSyncTimestamp: 17,
  shift: null,
  lanes: [],
  stopped: null,
};

describe("a till that says nothing of its queue", () => {
  it("has what waits for head office, and nothing of the other types", () => {
    expect(lightText(STATUS)).toBe("Red · 3 to send");
    expect(queueOf(STATUS).map(({ pending, failed }) => [pending, failed])).toEqual([
      [3, 1],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(lightText({ ...STATUS, light: "green", pending: 0 })).toBe("Green · all sent");
  });
});

describe("a till that tells of its queue", () => {
  it("is shown by type, in one order, whatever the order it tells it in", () => {
    const entry = { failed: 0, oldestAt: null };
    const queue = [
      { ...entry, queueType: "MpesaVerify", pending: 2 },
      { ...entry, queueType: "EtimsInvoice", pending: 1_500 },
    ];
    expect(lightText({ ...STATUS, light: "yellow", pending: 0, queue })).toBe("Yellow · 1,500 eTIMS, 2 M-Pesa");
  });
});

it("the last sync is that of the lane, or what the till says", () => {
  const lane = { name: "central", state: "settled", pending: 0, failures: 0, nextAttemptAt: null } as const;
  const lanes = [{ ...lane, lastError: null, halted: null, lastSuccessAt: "1970-01-01T00:00:02.000Z" }];
  expect(lastSyncMs({ ...STATUS, lanes })).toBe(2_000);
  expect(lastSyncMs(STATUS)).toBe(17);
});
