import { hash } from "node:crypto";
import { canonicalText, type ExchangeRequest, makeUuidv7, type WireChange } from "@tillsync/protocol";
import type { Submission } from "@tillsync/server/ingest";
import { describe, expect, it } from "vitest";
import { changeHash, START } from "../oracle/bytes.ts";
import { Random } from "../random.ts";
import { clockOf, memorySide } from "./sides.ts";

const TERMINAL = "0198c0de-0000-7000-8000-000000000001";
const DEVICE = "0198c0de-0000-7000-8000-000000000002";
const OTHER_DEVICE = "0198c0de-0000-7000-8000-000000000003";
const INCARNATION = "00000000000000aa";

function centre() {
  const { side, tables } = memorySide({ orgId: 1, storeId: 1 }, [TERMINAL, DEVICE, OTHER_DEVICE], clockOf().nowMs);
  const request = { protocolVersion: 1, terminal: TERMINAL, incarnation: INCARNATION, headSeq: 2 };
  return {
    tables,
    exchange: (rest: Pick<ExchangeRequest, "fromSeq" | "prevHash" | "changes" | "repair">) =>
      side.hear({ request: { ...request, ...rest }, cursor: "none", interrupted: false }),
    submit: async (terminal: string, submissions: Submission[], interrupted = false) =>
      (await side.hear({ terminal, submissions, interrupted })).outcomes?.map(({ effect, code }) => code ?? effect),
  };
}

/** Changes of one open order, chained: an edit, and what comes after it. */
function order(...parts: readonly [kind: string, payload: object][]): WireChange[] {
  const random = new Random("order");
  let prevHash = START;
  return parts.map(([kind, payload], index): WireChange => {
    const seq = index + 1;
    const body = canonicalText({
      changeId: makeUuidv7(1_768_550_000_000 + seq, random.hex(20)),
      kind,
      localId: "table-1",
      version: seq,
      businessDate: "2026-01-16",
      occurredAt: "2026-01-16T10:11:12.345Z",
      payload,
    });
    const hash = changeHash({ terminal: TERMINAL, incarnation: INCARNATION, seq, prevHash, origin: "", body });
    prevHash = hash;
    return { body, hash };
  });
}

function edit(seq: number): [string, object] {
  return ["order.edited", { currency: "KES", events: [{ id: `T01.${seq}`, type: "note", text: "no sugar" }] }];
}

const PAID: [string, object] = [
  "order.closed",
  { documentType: "sale", receiptNumber: "T01-20260116-00001", currency: "KES", lines: [], tenders: [], totalMinor: 0 },
];

const WHEN = { businessDate: "2026-01-16", occurredAt: "2026-01-16T10:11:12.345Z" };

function document(localId: string, version: number, content: string, rest: object = {}): Submission {
  const contentHash = hash("sha256", content, "hex");
  const payload = { device: "D1", content, contentHash, currency: "KES", ...rest };
  return { kind: "order.submitted", localId, version, ...WHEN, payload };
}

/** Stored like any other, and never applied: PostgreSQL's text holds no NUL. */
const POISON = { type: "sa\0le" };

/** Each seed that failed for a fault of the product becomes a test that is about nothing else. */
describe("found by simulation", () => {
  it("what is repaired is applied before what comes new with the repair (I9)", async () => {
    const { exchange, tables } = centre();
    const [first, second] = order(edit(1), edit(2)) as [WireChange, WireChange];
    const damaged: WireChange = { ...first, body: "{", damaged: true };
    const asked = await exchange({ fromSeq: 1, prevHash: START, changes: [damaged] });
    expect(asked.answer?.need).toEqual([{ incarnation: INCARNATION, seq: 1 }]);
    const repair = [{ incarnation: INCARNATION, seq: 1, body: first.body }];
    const answer = await exchange({ fromSeq: 2, prevHash: first.hash, changes: [second], repair });
    expect(answer.answer).toMatchObject({ durableThrough: 2, need: [] });
    expect(tables.applied.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it("a version does not lose to one of its own batch that is never applied (I16)", async () => {
    const { submit, tables } = centre();
    const batch = [document("f1", 2, "b", POISON), document("f1", 1, "a")];
    expect(await submit(DEVICE, batch)).toEqual(["APPLY_FAILED", "WAITING_FOR_EARLIER"]);
    expect(tables.documents.size).toBe(0);
  });

  it("the feed tells the winner of a batch before the loser, when something else in it cannot be applied (I14)", async () => {
    const { submit, tables } = centre();
    const batch = [document("f1", 1, "a"), document("f1", 1, "b"), document("f2", 1, "c", POISON)];
    expect(await submit(DEVICE, batch)).toEqual(["applied", "HASH_MISMATCH", "APPLY_FAILED"]);
    const told = [...tables.feed.values()].map(({ fromSeq, effect }) => `${fromSeq} ${effect}`);
    expect(told).toEqual(["1 applied", "2 conflict", "3 parked"]);
  });

  it("two devices that send the same document are both in sync, also when a crash came between (004)", async () => {
    const { submit } = centre();
    const batch = [document("f1", 1, "a"), document("f2", 1, "c", POISON)];
    await submit(DEVICE, batch, true);
    expect(await submit(OTHER_DEVICE, [document("f1", 1, "a")])).toEqual(["applied"]);
    expect(await submit(DEVICE, batch)).toEqual(["applied", "APPLY_FAILED"]);
  });

  it("a deletion that came too late is refused by the same name, however it was interpreted (I16)", async () => {
    const { exchange, submit } = centre();
    const [opened, paid] = order(edit(1), PAID) as [WireChange, WireChange];
    await exchange({ fromSeq: 1, prevHash: START, changes: [opened] });
    const payload = { actor: "Wanjiru", reason: "mistake" };
    const withdrawal: Submission = { kind: "order.withdrawn", localId: "table-1", version: 2, ...WHEN, payload };
    const batch = [withdrawal, document("f2", 1, "c", POISON)];
    await submit(DEVICE, batch, true);
    await exchange({ fromSeq: 2, prevHash: opened.hash, changes: [paid] });
    expect(await submit(DEVICE, batch)).toEqual(["CONCURRENT_MODIFICATION", "APPLY_FAILED"]);
  });
});
