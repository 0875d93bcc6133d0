import { countOf } from "@tillsync/protocol/testing";
import { describe, expect, it } from "vitest";
import { FAILING_VARIANTS } from "../testing/disk/disk-variants.ts";
import { type FailingCall, failEach, type ShiftOutcome } from "../testing/disk/failing-calls.ts";
import { ERRNO } from "../testing/disk/interposer.ts";

/** A shift, its start and three judgements for each N take a second; TILLSYNC_FAILING_CALLS says how many. */
const FIRST = Number(
  process.env.TILLSYNC_FAILING_CALLS ?? countOf(process.env.TILLSYNC_FULL_COUNTS, { quick: 2, full: 200 }),
);

const wrong = (found: readonly ShiftOutcome[]) => found.filter(({ violations }) => violations.length > 0);

/** [what it is called, the call, how many N, codes that somebody may be told] */
const CASES: readonly (readonly [string, FailingCall, number, readonly string[]])[] = [
  ["write ends with an I/O error", { call: "write", errno: ERRNO.EIO, times: 1 }, FIRST, ["NOT_SOLD"]],
  ["write finds no space", { call: "write", errno: ERRNO.ENOSPC, times: 1 }, FIRST, ["STORE_FULL"]],
  ["write is short, and finds no space behind it", { call: "write", errno: "short", times: 1 }, FIRST, ["STORE_FULL"]],
  ["sync ends with an I/O error", { call: "sync", errno: ERRNO.EIO, times: 1 }, FIRST, ["NOT_SOLD"]],
  [
    "sync, and all behind it, end with an I/O error",
    { call: "sync", errno: ERRNO.EIO, times: 0 },
    20,
    ["COMMIT_UNKNOWN", "NOT_SOLD", "TERMINAL_STOPPED"],
  ],
  ["write, and all behind it, find no space", { call: "write", errno: ERRNO.ENOSPC, times: 0 }, 40, ["STORE_FULL"]],
  ["read ends with an I/O error", { call: "read", errno: ERRNO.EIO, times: 1 }, 40, ["NOT_SOLD", "STORE_FAILING"]],
  ["read is short", { call: "read", errno: "short", times: 1 }, 40, ["NOT_SOLD", "STORE_FAILING"]],
  [
    "opening of a file is refused",
    { call: "open", errno: ERRNO.EACCES, times: 1, atStart: true },
    12,
    ["DATA_DIR_NOT_WRITABLE", "STORE_FAILING"],
  ],
  [
    "opening of a file ends with an I/O error",
    { call: "open", errno: ERRNO.EIO, times: 1, atStart: true },
    12,
    ["DATA_DIR_NOT_WRITABLE", "STORE_FAILING"],
  ],
  [
    "write of a start finds no space",
    { call: "write", errno: ERRNO.ENOSPC, times: 1, atStart: true },
    40,
    ["STORE_FULL"],
  ],
];

describe("when the N-th call of a till's disk fails, for each of the first N", () => {
  it.each(CASES)(
    "and a %s: sold or not sold and never both, nothing told without its row, a restart heals (I3, I27)",
    async (_name, failing, upTo, codes) => {
      const found = await failEach(failing, Math.min(upTo, FIRST));
      if ("notRun" in found) return void expect(process.env.CI, found.notRun).toBeUndefined();
      expect(wrong(found)).toEqual([]);
      expect(found.filter(({ struck }) => struck).length).toBeGreaterThan(0);
      const met = new Set(found.flatMap((each) => each.codes));
      expect([...met].filter((code) => !codes.includes(code))).toEqual([]);
    },
    30 * 60_000,
  );
});

describe("each broken variant is caught", () => {
  it.each(Object.keys(FAILING_VARIANTS))("%s", { timeout: 120_000 }, async (name) => {
    const found = await failEach({ call: "sync", errno: ERRNO.EIO, times: 1 }, 12, name);
    if ("notRun" in found) return void expect(process.env.CI, found.notRun).toBeUndefined();
    expect(wrong(found).length).toBeGreaterThan(0);
  });
});
