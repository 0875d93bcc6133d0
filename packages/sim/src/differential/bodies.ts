import { canonicalText } from "@tillsync/protocol";
import type { Random } from "../random.ts";

const LINE = { id: "1", item: "bread", quantity: "2", unitPrice: "60.00", amountMinor: 12_000 };

/** Tables that every terminal of a store edits, so that their changes meet at the centre. */
export const TABLES = ["t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"];

/** The bytes of one change: usually what a till of ours writes, sometimes what it never should. */
export function bodyFor(random: Random, place: { localId: string; eventId: string; changeId: string }): string {
  return random.chance(0.25) ? wrongBody(random, place) : rightBody(random, place);
}

function rightBody(
  random: Random,
  { localId, eventId, changeId }: { localId: string; eventId: string; changeId: string },
): string {
  const table = random.pick(TABLES);
  const events = [{ id: `${eventId}`, type: "add", line: { ...LINE, id: eventId } }];
  const sequence = String(random.between(1, 99_999)).padStart(5, "0");
  const closed = {
    documentType: random.pick(["sale", "return", "void"]),
    receiptNumber: random.pick([
      `T01-20260116-${sequence}`,
      `T01-20260117-${sequence}`,
      "T01-00000101-00001",
      "T01-20260231-00001",
      "from elsewhere",
    ]),
    currency: "KES",
    lines: [LINE],
    tenders: [{ type: "cash", amountMinor: 12_000 }],
    totalMinor: 12_000,
    ...(random.chance(0.2) ? { reference: "R1" } : {}),
  };
  return random.weighted<() => string>([
    [() => body("order.edited", changeId, table, { currency: "KES", events }), 8],
    [() => body("order.closed", changeId, table, closed), 1],
    [() => body("order.closed", changeId, localId, closed), 6],
    [() => body("order.voided", changeId, table, { reason: "left" }), 1],
    [() => body("order.deleted", changeId, random.pick([table, localId]), { reason: "mistake" }), 1],
    [
      () =>
        body("transaction.recorded", changeId, localId, {
          type: "payin",
          currency: "KES",
          amountMinor: 500,
          stockDelta: "-1",
          item: "tea",
        }),
      4,
    ],
    [() => body("inventory.updated", changeId, localId, { item: "tea", delta: "-2.5", type: "count" }), 4],
    [() => body("shift.opened", changeId, "shift-1", { operator: "Amina", currency: "KES" }), 1],
    [() => body("transaction.recorded", changeId, table, { type: "payin", currency: "KES", amountMinor: 7 }), 1],
  ])();
}

/** What cannot be read, what cannot be applied, and what no schema of ours would let through. */
function wrongBody(
  random: Random,
  { localId, eventId, changeId }: { localId: string; eventId: string; changeId: string },
): string {
  // Seldom a shared one: whatever follows poison waits for a person, and a stream in which everything waits says little.
  const table = random.chance(0.15) ? random.pick(TABLES) : localId;
  const nul = { id: eventId, type: "note", text: "no\0sugar" };
  const closed = {
    documentType: "sale",
    receiptNumber: "x",
    currency: "KES",
    lines: [LINE],
    tenders: [],
    totalMinor: 12_000,
  };
  return random.pick([
    () => body("transaction.recorded", changeId, localId, { type: "pay\0in", currency: "KES", amountMinor: 500 }),
    () => body("order.edited", changeId, table, { currency: "KES", events: [nul] }),
    () =>
      body("order.edited", changeId, localId, {
        currency: "KES",
        events: [
          { ...nul, text: "fine" },
          { id: `${eventId}9`, type: "note", text: "\0" },
        ],
      }),
    () => body("order.split", changeId, localId, {}),
    () => body("order.split\0", changeId, localId, {}),
    () => body("order.closed", changeId, table, closed),
    () => body("inventory.updated", changeId, localId, { item: "tea", delta: "1", type: "count", "new\0field": 1 }),
    () => body("inventory.updated", changeId, "not a local id", { item: "tea", delta: "1", type: "count" }),
    () =>
      body(
        "inventory.updated",
        changeId,
        localId,
        { item: "tea", delta: "1", type: "count" },
        { businessDate: "0000-01-01" },
      ),
    () =>
      body(
        "inventory.updated",
        changeId,
        localId,
        { item: "tea", delta: "1", type: "count" },
        { occurredAt: "0000-01-01T00:00:00.000Z" },
      ),
    () => ` ${rightBody(random, { localId, eventId, changeId })}`,
    () => "no json \0 at all",
    () => "",
    () => "[".repeat(2_000),
    () => '{"changeId":"x","changeId":"y"}',
  ])();
}

function body(kind: string, changeId: string, localId: string, payload: unknown, other: object = {}): string {
  const envelope = {
    kind,
    changeId,
    localId,
    version: 1,
    businessDate: "2026-01-16",
    occurredAt: "2026-01-16T10:11:12.345Z",
  };
  return canonicalText({ ...envelope, payload, ...other });
}
