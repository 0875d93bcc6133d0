import { STALLED_AFTER_MS, WATCH_EVERY_MS } from "@tillsync/lanes";
import { expect, it } from "vitest";
import { SLICE_MS } from "../modules/slices.ts";
import { unreachable } from "../testing/fake-centre.ts";
import { refusalOf } from "../testing/refusal.ts";
import { openTill, sale, type Till, type TillOptions } from "../testing/till.ts";

const LOOK_MS = 60_000;
const DAY = 24 * 60 * 60_000;

const rows = (till: Till) =>
  till.store.read.all<{ seq: number; kind: string; localId: string; body: string; retired: string | null }>(
    "SELECT position & 1099511627775 AS seq, kind, local_id AS localId, body, retired FROM journal ORDER BY position",
  );
const retired = (till: Till) => rows(till).filter((row) => row.retired !== null);

/** The clocks of both sides go on by days, and the till looks at its journal once more. */
async function days(till: Till, count: number): Promise<void> {
  till.clock.jump(count * DAY);
  await till.clock.advance(LOOK_MS);
}

/** A shift with two sales, closed and settled, all of it at head office. */
async function shiftOver(options: TillOptions = {}): Promise<Till> {
  const till = await openTill({ ...options, retention: { lookEveryMs: LOOK_MS } });
  till.terminal.closeOrder(sale("a", { private: { customerName: "Achieng" } }));
  till.terminal.closeOrder(sale("b"));
  till.terminal.closeShift({});
  await till.settle();
  judge(till, 4);
  return till;
}

/** The centre's judgement came, and this till found the same. */
function judge(till: Till, closing: number): void {
  const judgement = { openSeq: 1, counts: {}, totals: [], exceptions: [], exceptionCount: 0, need: [], needCount: 0 };
  till.tamper(
    `INSERT INTO settlement (position, state, judgement, judged_at, own) VALUES ((1 << 40) + ?, 'settled', ?, 0, '{"lacks":[]}')`,
    closing,
    JSON.stringify(judgement),
  );
}

/** A verified backup of the centre has the life up to here, and this till hears of it. */
async function backedUp(till: Till, through: number): Promise<void> {
  till.centre.answer = { backedUpThrough: through, cursor: `c${through}` };
  await till.terminal.syncNow();
}

it("gives up what is old, settled, and in a verified backup; hashes, money and receipts stay", async () => {
  const till = await shiftOver();
  const before = till.store.read.all("SELECT position, hash, kind, local_id FROM journal ORDER BY position");
  await backedUp(till, 4);
  await days(till, 29);
  expect(retired(till)).toEqual([]);
  await days(till, 2);
  expect(retired(till).map(({ localId, body }) => [localId, body])).toEqual([
    ["a", ""],
    ["b", ""],
  ]);
  expect(till.store.read.all("SELECT position, hash, kind, local_id FROM journal ORDER BY position")).toEqual(before);
  const status = till.terminal.status();
  expect(status.retired.changes).toBe(2);
  expect(status.retired.bytes).toBeGreaterThan(500);
  expect(status).toMatchObject({ pending: 0, syncedOrders: 2, light: "green" });
  expect(till.terminal.explain("T01-20260116-00001")).toMatchObject({
    localId: "a",
    receiptNumber: "T01-20260116-00001",
    changes: [{ intact: true, retired: true, body: null }],
  });
  expect(till.terminal.shifts().map(({ localId, totals }) => [localId, totals])).toEqual([
    ["shift-1", [{ currency: "KES", tender: "cash", amountMinor: 24_000 }]],
  ]);
  expect(till.terminal.receiptGaps("2026-01-16")[0]).toMatchObject({ documents: 2, gaps: [] });
  expect(till.terminal.queue({ status: "Completed" }).items.length).toBeGreaterThan(0);
});

it.each([
  ["what the centre has and no backup has yet", async (till: Till) => backedUp(till, 2)],
  ["a shift whose closing no backup has yet", async (till: Till) => backedUp(till, 3)],
  [
    "a shift that is not settled",
    async (till: Till) => {
      till.tamper("UPDATE settlement SET state = 'different'");
      await backedUp(till, 4);
    },
  ],
  [
    "a document that head office did not apply",
    async (till: Till) => {
      till.tamper(
        "INSERT INTO exception (position, effect) SELECT position, 'parked' FROM journal WHERE local_id IN ('a', 'b')",
      );
      await backedUp(till, 4);
    },
  ],
])("keeps %s", async (_what, prepare) => {
  const till = await shiftOver();
  await prepare(till);
  await days(till, 40);
  expect(retired(till)).toEqual([]);
});

it("keeps an open order with all its edits, and what another lane still needs", async () => {
  const needsFrom = { incarnation: "", seq: 3 };
  const lane = {
    queueType: "CloudBackup",
    status: {},
    count: { type: "CloudBackup", pending: 0, failed: 0 },
    items: [],
  };
  const till = await openTill({
    retention: { lookEveryMs: LOOK_MS },
    besides: () => [{ ...lane, needsFrom } as never],
  });
  needsFrom.incarnation = till.terminal.status().incarnation;
  till.terminal.closeOrder(sale("a"));
  till.terminal.closeOrder(sale("b"));
  till.terminal.editOrder({ localId: "table", add: [{ item: "tea", quantity: "1", unitPrice: "30.00" }] });
  till.terminal.closeShift({});
  await till.settle();
  judge(till, 5);
  await backedUp(till, 5);
  await days(till, 40);
  expect(retired(till).map(({ localId }) => localId)).toEqual(["a"]);
  needsFrom.seq = 99;
  await days(till, 0);
  expect(retired(till).map(({ localId }) => localId)).toEqual(["a", "b"]);
  expect(till.terminal.openOrders().map(({ localId }) => localId)).toEqual(["table"]);
});

async function withRetired(): Promise<Till> {
  const till = await shiftOver();
  await backedUp(till, 4);
  await days(till, 31);
  expect(retired(till)).toHaveLength(2);
  return till;
}

it("brings an old order back from head office when it is asked for, and retires it again", async () => {
  const till = await withRetired();
  expect(refusalOf(() => till.terminal.order("a"))).toMatchObject({ code: "BODY_RETIRED" });
  expect(await till.terminal.recall("a")).toMatchObject({
    localId: "a",
    totalMinor: 12_000,
    receiptNumber: "T01-20260116-00001",
  });
  expect(till.store.read.get("SELECT private IS NOT NULL AS kept FROM journal WHERE local_id = 'a'")).toEqual({
    kept: 1,
  });
  expect(till.terminal.status().retired.changes).toBe(1);
  await days(till, 0);
  expect(till.terminal.status().retired.changes).toBe(2);
});

it("says in a sentence that an old order cannot be fetched while head office is away, and never sells it twice", async () => {
  const till = await withRetired();
  till.centre.always = unreachable;
  await expect(till.terminal.recall("a")).rejects.toMatchObject({
    code: "BODY_RETIRED",
    message: /head office can be reached/,
  });
  till.terminal.openShift({ localId: "shift-2", operator: "Amina", businessDate: "2026-02-20" });
  expect(refusalOf(() => till.terminal.closeOrder(sale("a")))).toMatchObject({ code: "BODY_RETIRED" });
  expect(till.terminal.closeOrder(sale("c")).receiptNumber).toBe("T01-20260220-00001");
});

it("sends what it retired by its hash, marked, to a centre that was put back to before its backup; what follows goes whole", async () => {
  const till = await withRetired();
  till.terminal.openShift({ localId: "shift-2", operator: "Amina", businessDate: "2026-02-20" });
  till.terminal.closeOrder(sale("c"));
  await till.settle();
  const life = till.terminal.status().incarnation;
  till.centre.restore(life, 1);
  till.centre.answer = {};
  await till.terminal.syncNow();
  await till.clock.advance(60_000);
  expect(till.centre.stored(life).map(({ damaged = false, body }) => [damaged, body === ""])).toEqual([
    [false, false],
    [true, true],
    [true, true],
    [false, false],
    [false, false],
    [false, false],
  ]);
  expect(till.terminal.status()).toMatchObject({ pending: 0, lanes: [{ failures: 0 }] });
});

it("begins where it stopped after a restart, and a till that closes stops it", async () => {
  const till = await shiftOver();
  await backedUp(till, 4);
  await days(till, 31);
  expect(till.store.read.get("SELECT through & 1099511627775 AS through, changes FROM retirement")).toEqual({
    through: 4,
    changes: 2,
  });
  await till.restart();
  await days(till, 0);
  expect(till.terminal.status()).toMatchObject({ retired: { changes: 2 }, pending: 0 });
});

it.each([
  ["the timer of its next look is lost", (till: Till) => expect(till.clock.lose(LOOK_MS)).toBeGreaterThan(0)],
  [
    "the timer between two slices is lost",
    (till: Till) => {
      const { after, monotonicMs } = till.clock;
      // A slice is at its end at its first look at the clock, so that the pass takes a breath, and never gets it.
      let lateMs = 0;
      till.clock.monotonicMs = () => {
        lateMs += SLICE_MS;
        return monotonicMs.call(till.clock) + lateMs;
      };
      till.clock.after = (delayMs, fn) => (delayMs > 0 ? after.call(till.clock, delayMs, fn) : () => {});
    },
  ],
])("goes on when %s (I12)", async (_what, lose) => {
  const till = await openTill({ retention: { lookEveryMs: LOOK_MS } });
  for (let n = 1; n <= 40; n++) till.terminal.closeOrder(sale(`o-${n}`));
  till.terminal.closeShift({});
  await till.settle();
  judge(till, 42);
  await backedUp(till, 42);
  till.clock.jump(40 * DAY);
  const { after, monotonicMs } = till.clock;
  lose(till);
  await till.clock.advance(LOOK_MS);
  Object.assign(till.clock, { after, monotonicMs });
  await till.clock.advance(2 * (LOOK_MS + STALLED_AFTER_MS + WATCH_EVERY_MS));
  expect(retired(till)).toHaveLength(40);
});
