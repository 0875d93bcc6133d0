import { CHAIN_START, type FoundRow, fitsPrivate, heal, type Repair, type Sha256 } from "@tillsync/protocol";
import { type Journal, type Life, positionOf } from "./journal.ts";
import { isReturning, takeReturned } from "./lives/returns.ts";
import { columnsOf, foundRow, noteHealed } from "./own-rows.ts";
import type { Sql } from "./ports.ts";
import { unretire } from "./retirement/pass.ts";

/** Rows of ours that we lost, in whole or in part: taken back only where they fit our own chain. */
export function takeGifts(
  tx: Sql,
  { journal, sha256, lives }: { journal: Journal; sha256: Sha256; lives: readonly Life[] },
  given: readonly Repair[],
): void {
  for (const [incarnation, gifts] of Map.groupBy(given, (gift) => gift.incarnation)) {
    const life = lives.find((candidate) => candidate.incarnation === incarnation);
    if (life === undefined) continue;
    if (isReturning(life)) takeReturned(tx, { journal, sha256, lives }, life, gifts);
    const found = around(journal, life, gifts);
    const known = { seq: life.durableThrough, hash: life.durableThrough === 0 ? CHAIN_START : life.durableHash };
    // Without an origin of its own, a gift has that of the row whose bytes it brings back.
    const whole = gifts
      .filter(({ seq }) => seq <= life.headSeq)
      .map((gift) => ({ ...gift, origin: gift.origin ?? found.get(gift.seq)?.origin }));
    const { rows, hashes, doubted } = heal(sha256, { terminal: journal.terminal, incarnation }, whole, {
      found,
      known,
    });
    for (const row of rows) takeRow(tx, life, row, found.has(row.seq));
    for (const { seq, hash } of hashes)
      tx.run("UPDATE journal SET hash = unhex(?) WHERE position = ?", hash, positionOf(life.ordinal, seq));
    const restored = takePrivates(tx, { journal, sha256, life }, whole);
    noteHealed(tx, life.ordinal, [...changedOf(rows, found), ...hashes.map(({ seq }) => seq), ...restored]);
    if (rows.length > 0 || doubted.length > 0) lookAgain(tx, life, doubted);
  }
}

/** Private parts that fit where none does: those of changes whose bytes are the same on both sides now. */
function takePrivates(
  tx: Sql,
  { journal, sha256, life }: { journal: Journal; sha256: Sha256; life: Life },
  gifts: readonly Repair[],
): number[] {
  return gifts.flatMap(({ seq, body, private: text }) => {
    if (text === undefined || !fitsPrivate(sha256, body, text)) return [];
    const row = journal.row(life.ordinal, seq);
    if (row?.body !== body || journal.privatePart(row) !== "lost") return [];
    tx.run("UPDATE journal SET private = ? WHERE position = ?", text, row.position);
    return [seq];
  });
}

function around(journal: Journal, { ordinal }: Life, gifts: readonly Repair[]): Map<number, FoundRow> {
  const places = new Set(gifts.flatMap(({ seq }) => [seq - 1, seq, seq + 1]));
  const rows = [...places].flatMap((seq) => journal.row(ordinal, seq) ?? []);
  return new Map(rows.map(foundRow).map((row) => [row.seq, row]));
}

function changedOf(rows: readonly FoundRow[], found: ReadonlyMap<number, FoundRow>): number[] {
  return rows
    .filter(({ seq, hash, body }) => found.get(seq)?.body !== body || found.get(seq)?.hash !== hash)
    .map(({ seq }) => seq);
}

/** Shifts whose rows came back are looked at again; what is doubted is asked for as well. */
function lookAgain(tx: Sql, { ordinal }: Life, doubted: readonly number[]): void {
  tx.run(
    "UPDATE settlement SET own = NULL, doubted = ? WHERE lacks > 0 AND position >= ? AND position < ?",
    JSON.stringify(doubted),
    positionOf(ordinal, 0),
    positionOf(ordinal + 1, 0),
  );
}

function takeRow(tx: Sql, { ordinal }: Life, row: FoundRow & { hash: string; body: string }, isThere: boolean): void {
  const { seq, hash, body, origin } = row;
  const originText = origin === undefined ? null : JSON.stringify(origin);
  const position = positionOf(ordinal, seq);
  if (isThere) {
    unretire(tx, position);
    tx.run(
      "UPDATE journal SET hash = unhex(?), body = ?, origin = ?, retired = NULL WHERE position = ?",
      hash,
      body,
      originText,
      position,
    );
    return;
  }
  const { kind, localId, version, businessDate, receiptSequence } = columnsOf(body);
  tx.run(
    `INSERT INTO journal (position, hash, kind, local_id, version, business_date, receipt_sequence, body, origin)
     VALUES (?, unhex(?), ?, ?, ?, ?, ?, ?, ?)`,
    position,
    hash,
    kind,
    localId,
    version,
    businessDate,
    receiptSequence,
    body,
    originText,
  );
}
