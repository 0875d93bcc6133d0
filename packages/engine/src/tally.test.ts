import { canonicalText, StretchSums } from "@tillsync/protocol";
import { expect, it } from "vitest";
import { type Journal, type JournalRow, positionOf } from "./journal.ts";
import { Tally } from "./tally.ts";

/** A journal whose rows all fit their hash, but for those named. */
function journalOf(rows: readonly { kind: string; body: string }[], damaged: readonly number[] = []): Journal {
  const row = (seq: number): JournalRow => {
    const { kind = "", body = "" } = rows[seq - 1] ?? {};
    const rest = { localId: "x", version: 1, businessDate: "2026-01-16", private: null, origin: null, retired: null };
    return { position: positionOf(1, seq), hash: "ab".repeat(32), kind: kind as JournalRow["kind"], body, ...rest };
  };
  const journal: Partial<Journal> = {
    hashAt: () => "00".repeat(32),
    row: (_ordinal, seq) => row(seq),
    range: (_ordinal, fromSeq, limit) => rows.slice(fromSeq - 1, fromSeq - 1 + limit).map((_, at) => row(fromSeq + at)),
    intact: (_incarnation, { position }) => !damaged.some((seq) => position === positionOf(1, seq)),
  };
  return journal as Journal;
}

const sale = (amountMinor: number) =>
  canonicalText({ kind: "order.closed", payload: { currency: "KES", tenders: [{ type: "cash", amountMinor }] } });
const ROWS = [
  { kind: "shift.opened", body: canonicalText({ kind: "shift.opened", payload: { currency: "KES" } }) },
  { kind: "order.closed", body: sale(250) },
  { kind: "order.split", body: "not json at all" },
  { kind: "order.split", body: sale(100) },
  { kind: "order.closed", body: canonicalText({ kind: "order.teleported", payload: null }) },
  { kind: "transaction.recorded", body: canonicalText({ kind: "transaction.recorded", payload: { type: 7 } }) },
];
const STRETCH = { ordinal: 1, incarnation: "0011223344556677", openSeq: 1, closeSeq: ROWS.length };

it("a shift is added up from the bytes alone, as the centre does it, whatever kind its rows are filed under", () => {
  const journal = journalOf(ROWS);
  const tally = new Tally(journal, STRETCH).readTo(journal, ROWS.length);
  const sums = new StretchSums();
  for (const { body } of ROWS) sums.add(body);
  expect(tally.counts).toEqual(sums.counts());
  expect(tally.totals).toEqual(sums.totals());
  expect(tally.counts).toMatchObject({ "order.closed": 2, unreadable: 1, "order.teleported": 1 });
});

it("a row whose bytes do not fit its hash counts with the kind that it is filed under, and has no money", () => {
  const journal = journalOf(ROWS, [2]);
  const tally = new Tally(journal, STRETCH).readTo(journal, ROWS.length);
  expect(tally.damaged).toBe(1);
  expect(tally.counts["order.closed"]).toBe(2);
  expect(tally.totals).toEqual([{ currency: "KES", tender: "cash", amountMinor: 100 }]);
});
