import { canonicalText, type ExchangeResponse, type FeedEntry, toldCheck } from "@tillsync/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "./system/sha256.ts";
import { openTill, sale, type Till } from "./testing/till.ts";

const OTHER = "0190a5da-c967-774b-8cce-b302099a8058";
const OTHER_LIFE = "00000000000000aa";

let till: Till;
let n: number;
let seq: number;

beforeEach(async () => {
  n = 0;
  seq = 0;
  till = await openTill();
});

interface Said {
  readonly kind: string;
  readonly localId: string;
  readonly payload: object;
  readonly version?: number;
  readonly effect?: FeedEntry["effect"];
  readonly businessDate?: string;
}

/** A change of the other till, as the feed brings it. */
function entry({
  kind,
  localId,
  payload,
  version = 1,
  effect = "applied",
  businessDate = "2026-01-16",
}: Said): FeedEntry {
  n += 1;
  seq += 1;
  const changeId = `0198c0de-0000-7000-8000-${String(seq).padStart(12, "0")}`;
  const occurredAt = "2026-01-16T10:00:00.000Z";
  const body = canonicalText({ changeId, kind, localId, version, businessDate, occurredAt, payload });
  return told({ n, terminal: OTHER, incarnation: OTHER_LIFE, fromSeq: seq, toSeq: seq, effect, bodies: [body] });
}

/** As the centre sends it. */
function told(given: FeedEntry): FeedEntry {
  return { ...given, check: toldCheck(sha256, given, given.bodies ?? []) };
}

const line = (id: string, amountMinor = 200) => ({ id, item: "tea", quantity: "1", unitPrice: "2.00", amountMinor });
const edited = (localId: string, event: string, more: Partial<Said> = {}) =>
  entry({
    ...{ kind: "order.edited", localId },
    payload: { currency: "KES", events: [{ id: event, type: "add", line: line(event) }] },
    ...more,
  });
const closed = (localId: string, more: Partial<Said> = {}, payload: object = {}) =>
  entry({
    ...{ kind: "order.closed", localId },
    payload: {
      documentType: "sale",
      receiptNumber: `T02-20260116-${String(n + 1).padStart(5, "0")}`,
      currency: "KES",
      lines: [line("1")],
      tenders: [{ type: "cash", amountMinor: 200 }],
      totalMinor: 200,
      ...payload,
    },
    ...more,
  });
const ended = (localId: string, kind: "order.voided" | "order.deleted", more: Partial<Said> = {}) =>
  entry({ kind, localId, payload: { reason: "mistake" }, version: 2, ...more });

/** The centre's next answer brings this. */
async function hear(entries: FeedEntry[], more: Partial<ExchangeResponse> = {}): Promise<void> {
  const cursor = `c${n}-${till.centre.exchanges.length}`;
  till.centre.next.push((_request, honest) => ({ ...honest(), entries, cursor, ...more }));
  await till.terminal.syncNow();
}

const openIds = () => till.terminal.openOrders().map(({ localId }) => localId);

describe("an open order of another till", () => {
  it("is listed, edited and paid here, with the lines of both", async () => {
    await hear([edited("table-4", "T02.1000")]);
    expect(openIds()).toEqual(["table-4"]);
    expect(till.terminal.order("table-4")).toMatchObject({ state: "open", totalMinor: 200, orderSyncStatus: "SYNCED" });
    till.terminal.editOrder({ localId: "table-4", add: [{ item: "cake", quantity: "1", unitPrice: "3.00" }] });
    const both = till.terminal.order("table-4");
    expect(both).toMatchObject({ version: 2, totalMinor: 500, orderSyncStatus: "PENDING" });
    till.terminal.payOrder({ localId: "table-4", tenders: [{ type: "cash", amountMinor: 500 }] });
    expect(till.terminal.order("table-4")).toMatchObject({ state: "closed", totalMinor: 500, lines: both?.lines });
    expect(openIds()).toEqual([]);
  });

  it("merges what both did, whichever came first, and a void of the other's line", async () => {
    till.terminal.editOrder({ localId: "table-4", add: [{ item: "cake", quantity: "1", unitPrice: "3.00" }] });
    await hear([edited("table-4", "T02.1000")]);
    till.terminal.editOrder({ localId: "table-4", void: [{ line: "T02.1000" }] });
    expect(till.terminal.order("table-4")).toMatchObject({ state: "open", totalMinor: 300 });
    expect(till.terminal.order("table-4")?.events).toHaveLength(3);
  });

  it("does not open again when an edit comes behind its end", async () => {
    await hear([edited("table-4", "T02.1000"), ended("table-4", "order.deleted")]);
    expect(openIds()).toEqual([]);
    await hear([edited("table-4", "T02.3000", { effect: "conflict" })]);
    expect(openIds()).toEqual([]);
    expect(till.terminal.order("table-4")).toMatchObject({ state: "deleted", totalMinor: 200 });
    expect(till.terminal.order("table-4")?.events).toHaveLength(2);
    const edit = { localId: "table-4", add: [{ item: "cake", quantity: "1", unitPrice: "3.00" }] };
    expect(() => till.terminal.editOrder(edit)).toThrow(expect.objectContaining({ code: "ORDER_NOT_OPEN" }));
  });

  it("that was paid there is not paid here", async () => {
    await hear([edited("table-4", "T02.1000"), closed("table-4", { version: 2 })]);
    const payment = { localId: "table-4", tenders: [{ type: "cash", amountMinor: 200 }] };
    expect(() => till.terminal.payOrder(payment)).toThrow(/by another terminal/);
    expect(() => till.terminal.closeOrder(sale("table-4"))).toThrow(
      expect.objectContaining({ code: "ORDER_NOT_OPEN" }),
    );
  });
});

describe("one order paid on two tills", () => {
  it("shows what head office has, and both receipts", async () => {
    await hear([edited("table-4", "T02.1000")]);
    const { receiptNumber, seq: own } = till.terminal.payOrder({
      localId: "table-4",
      tenders: [{ type: "card", amountMinor: 200 }],
    });
    await till.settle();
    expect(till.terminal.order("table-4")).toMatchObject({ state: "closed", receiptNumber });
    const { incarnation, terminal } = till.terminal.status();
    const lost = { n: 90, terminal, incarnation, fromSeq: own, toSeq: own, effect: "conflict", code: "ALREADY_CLOSED" };
    await hear([closed("table-4", { version: 2 }), lost as FeedEntry]);
    expect(till.terminal.order("table-4")).toMatchObject({
      state: "closed",
      terminal: OTHER,
      alsoPaid: [{ receiptNumber, totalMinor: 200, terminal: null }],
      orderSyncStatus: "FAILED",
      effect: "conflict",
    });
  });
});

describe("a sale of another till", () => {
  it("is found by its receipt, and taken back here, once", async () => {
    await hear([closed("sale-9", {}, { receiptNumber: "T02-20260116-00077" })]);
    expect(till.terminal.explain("T02-20260116-00077")).toMatchObject({ localId: "sale-9" });
    expect(till.terminal.order("sale-9")).toMatchObject({ state: "closed", terminal: OTHER, effect: "applied" });
    const back = { documentType: "void" as const, original: { localId: "sale-9" } };
    await hear([closed("void-1", {}, back)]);
    const mine = { ...sale("void-2"), ...back };
    expect(() => till.terminal.closeOrder(mine)).toThrow(expect.objectContaining({ code: "ALREADY_VOIDED" }));
  });

  it("is forgotten after its days, counted by head office's clock; an open order stays", async () => {
    const at = (day: string) => ({ serverTimeMs: Date.parse(`${day}T10:00:00Z`) });
    await hear([closed("old", { businessDate: "1970-01-01" }), edited("table-old", "T02.9")], at("2026-01-16"));
    till.clock.jump(400 * 24 * 60 * 60 * 1000);
    await hear([closed("new")], at("2026-02-20"));
    expect(till.terminal.order("old")).toBeDefined();
    await hear([closed("newer")], at("2026-02-21"));
    expect(till.terminal.order("old")).toBeUndefined();
    expect(till.terminal.order("new")).toBeDefined();
    expect(openIds()).toEqual(["table-old"]);
  });

  it("that this till recorded itself needs no second copy", async () => {
    const own = till.terminal.closeOrder(sale("mine"));
    const { incarnation, terminal } = till.terminal.status();
    await hear([told({ ...closed("mine"), terminal, incarnation, fromSeq: own.seq, toSeq: own.seq })]);
    expect(till.store.read.get("SELECT count(*) AS count FROM other_change")).toEqual({ count: 0 });
  });
});

describe("the past", () => {
  it("is seen when all of it is there, over a restart, and not before", async () => {
    await hear([edited("table-1", "T02.1000")], { joining: true });
    await hear([closed("sale-1")], { joining: true });
    expect(openIds()).toEqual([]);
    expect(till.terminal.order("sale-1")).toBeUndefined();
    till.centre.answer = { joining: true };
    await till.restart();
    await till.settle();
    till.centre.answer = {};
    expect(till.centre.requests.at(-1)?.cursor).not.toBeNull();
    expect(openIds()).toEqual([]);
    await hear([edited("table-2", "T02.3000")]);
    expect(openIds()).toEqual(["table-1", "table-2"]);
    expect(till.terminal.order("sale-1")).toBeDefined();
  });

  it("never makes what is known older: a closed order stays closed", async () => {
    await hear([edited("table-1", "T02.1000"), closed("table-1", { version: 2 })]);
    seq = 0;
    await hear([edited("table-1", "T02.1000")], { joining: true });
    await hear([]);
    expect(till.terminal.order("table-1")?.state).toBe("closed");
    expect(openIds()).toEqual([]);
  });

  it("is asked for when a till is to be told more than before", async () => {
    await till.restart({ feedOrders: "own" });
    await hear([]);
    expect(till.centre.requests.at(-1)).toMatchObject({ feed: "own", cursor: expect.any(String) });
    await till.restart({ feedOrders: "open" });
    await till.settle();
    expect(till.centre.requests.at(-1)).toMatchObject({ feed: "open", cursor: null });
  });
});

it("takes the feed only of an answer that goes on from where it stands", async () => {
  await hear([closed("sale-1")]);
  const cursor = till.store.read.get<{ cursor: string }>("SELECT cursor FROM lane")?.cursor;
  till.centre.next.push((request, honest) => {
    till.centre.next.push((_again, answer) => ({ ...answer(), entries: [], cursor: cursor ?? "" }));
    return { ...honest(), entries: [closed("sale-2")], cursor: "further", more: request.cursor === cursor };
  });
  await till.terminal.syncNow();
  expect(till.terminal.order("sale-2")).toBeDefined();
});

it.each([
  ["no version", '{"businessDate":"2026-01-16","kind":"order.closed","localId":"o-bad","payload":{}}'],
  [
    "a version that is text",
    '{"businessDate":"2026-01-16","kind":"order.closed","localId":"o-bad","payload":{},"version":"1"}',
  ],
  ["no date", '{"kind":"order.closed","localId":"o-bad","payload":{},"version":1}'],
  ["nothing of a change", "[]"],
  ["null", "null"],
  [
    "a void of something without a name",
    '{"businessDate":"2026-01-16","kind":"order.closed","localId":"o-bad","payload":{"documentType":"void","original":{"localId":{}}},"version":1}',
  ],
])("bytes with %s, given up by somebody else, keep no answer from being taken", async (_what, body) => {
  for (const effect of ["conflict", "applied"] as const)
    await hear([told({ ...closed("o-bad", { effect }), bodies: [body] }), closed(`o-good-${effect}`)]);
  expect(till.terminal.order("o-good-conflict")).toMatchObject({ state: "closed" });
  expect(till.terminal.order("o-good-applied")).toMatchObject({ state: "closed" });
  expect(till.terminal.status().lanes[0]).toMatchObject({ failures: 0, lastError: null });
});

it("a closing that cannot be read and was given up leaves its order readable", async () => {
  await hear([closed("o-1")]);
  const body = '{"businessDate":"2026-01-16","kind":"order.closed","localId":"o-1","payload":null,"version":2}';
  await hear([told({ ...closed("o-1", { effect: "conflict" }), bodies: [body] })]);
  expect(till.terminal.order("o-1")).toMatchObject({ state: "closed", totalMinor: 200 });
});

describe("what does not fit the centre's check", () => {
  const altered = (given: FeedEntry): FeedEntry => ({
    ...given,
    bodies: (given.bodies ?? []).map((body) => body.replace("tea", "ale")),
  });
  const known = () => till.terminal.order("sale-1")?.lines[0]?.item;

  it("was altered on the way: nothing of the answer is taken, and the same is asked for again", async () => {
    await hear([]);
    const cursor = till.store.read.get<{ cursor: string }>("SELECT cursor FROM lane")?.cursor;
    const sale1 = closed("sale-1");
    for (const entries of [[altered(sale1)], [sale1]])
      till.centre.next.push((_request, honest) => ({ ...honest(), entries, cursor: "behind" }));
    await till.terminal.syncNow().catch(() => {});
    await till.settle();
    await till.clock.advance(2_000);
    expect(till.centre.requests.slice(-2).map(({ cursor }) => cursor)).toEqual([cursor, cursor]);
    expect(known()).toBe("tea");
  });

  it("is left out when it comes again like that: nothing keeps this till from sending", async () => {
    await hear([]);
    const entries = [altered(closed("sale-1")), closed("sale-2")];
    for (let times = 0; times < 2; times++)
      till.centre.next.push((_request, honest) => ({ ...honest(), entries, cursor: "behind" }));
    await till.terminal.syncNow().catch(() => {});
    await till.clock.advance(2_000);
    expect(known()).toBeUndefined();
    expect(till.terminal.order("sale-2")).toMatchObject({ state: "closed" });
    expect(till.terminal.status().lanes[0]).toMatchObject({ failures: 0 });
  });

  it.each<[string, (given: FeedEntry) => FeedEntry]>([
    ["another place", (given) => ({ ...given, fromSeq: given.fromSeq + 1, toSeq: given.toSeq + 1 })],
    ["another till", (given) => ({ ...given, terminal: "0190a5da-c967-774b-8cce-b302099a8059" })],
    ["another effect", (given) => ({ ...given, effect: "conflict" })],
    ["fewer changes than it names", (given) => told({ ...given, toSeq: given.toSeq + 1 })],
    ["no check", ({ check: _none, ...given }) => given],
  ])("%s is not taken either", async (_what, change) => {
    await hear([]);
    till.centre.next.push((_request, honest) => ({ ...honest(), entries: [change(closed("sale-1"))], cursor: "x" }));
    await till.terminal.syncNow().catch(() => {});
    expect(till.store.read.get("SELECT count(*) AS count FROM other_change")).toEqual({ count: 0 });
    till.clock.forget();
  });
});
