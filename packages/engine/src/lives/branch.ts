import { CHAIN_START, type ChainPlace, linkHash, type Origin } from "@tillsync/protocol";
import { type Head, type Journal, type JournalRow, type Life, positionOf, seqOf } from "../journal.ts";
import type { Ports, Sql } from "../ports.ts";
import { instantOf } from "../recording.ts";

/** What a new life needs to know of the till it begins on. */
export interface Birth {
  readonly journal: Journal;
  readonly ports: Pick<Ports, "clock" | "ids" | "sha256">;
  /** The business date of a moment outside shifts. */
  readonly dayOf: (at: string) => string;
}

/** Where a new life goes on from, as its first change says it. */
export interface Parent extends ChainPlace {
  readonly incarnation: string;
  readonly reason: string;
}

/** Writes a life, and its first change when it follows another one. @returns its head */
export function beginLife(tx: Sql, birth: Birth, ordinal: number, parent: Parent | undefined): Head {
  const { journal, ports, dayOf } = birth;
  const head = { ordinal, incarnation: ports.ids.hex(16), seq: 0, hash: CHAIN_START };
  writeLife(tx, { ...head, reason: parent?.reason ?? "first start" });
  if (parent === undefined) return head;
  const occurredAt = instantOf(ports.clock);
  const { incarnation, seq, hash, reason } = parent;
  const payload = { parent: incarnation, parentSeq: seq, parentHash: hash, reason };
  const common = { version: 1, shiftId: undefined, businessDate: dayOf(occurredAt), occurredAt };
  const draft = { kind: "terminal.reborn" as const, localId: head.incarnation, ...common, payload };
  return journal.append(tx, head, draft).head;
}

/** A life with nothing in it yet. */
export function writeLife(tx: Sql, life: { ordinal: number; incarnation: string; reason: string }): void {
  tx.run(
    "INSERT INTO life (ordinal, incarnation, durable_hash, reason) VALUES (?, ?, unhex(?), ?)",
    life.ordinal,
    life.incarnation,
    CHAIN_START,
    life.reason,
  );
}

/**
 * Ends a life at the last place where the centre has the same, and goes on in a new one (design section 4.3). Everything
 * behind that place, and whatever the centre lacks of lives after it, moves there in its order: the same bytes and private
 * parts, chained anew, each with the place where it stood first. So it is sent again, and counts once on either side.
 *
 * @param through how far the centre has the life that ends; what this database lacks of it is fetched back
 */
export function branch(
  tx: Sql,
  birth: Birth,
  lives: readonly Life[],
  { life, at, through, parent }: { life: Life; at: ChainPlace; through: number; parent: Parent },
): void {
  const ordinal = (lives.at(-1)?.ordinal ?? 0) + 1;
  let head = beginLife(tx, birth, ordinal, parent);
  endLife(tx, life, { at, through });
  for (const each of lives) {
    if (each.ordinal < life.ordinal) continue;
    const after = each === life ? at : { seq: each.durableThrough, hash: each.durableHash };
    head = moveRows(tx, birth, { life: each, after, head });
  }
}

function endLife(tx: Sql, { ordinal }: Life, { at, through }: { at: ChainPlace; through: number }): void {
  tx.run(
    "UPDATE life SET durable_through = ?, durable_hash = unhex(?), compared = 1, returns_to = ? WHERE ordinal = ?",
    at.seq,
    at.hash,
    Math.max(at.seq, through),
    ordinal,
  );
}

/** Rows read at a time. */
const PAGE = 500;

function moveRows(
  tx: Sql,
  birth: Birth,
  { life, after, head: before }: { life: Life; after: ChainPlace; head: Head },
): Head {
  const { journal } = birth;
  let head = before;
  let prevHash = after.hash;
  for (let from = after.seq + 1; from <= life.headSeq; ) {
    const rows = journal.range(life.ordinal, from, PAGE);
    if (rows.length === 0) break;
    for (const read of rows) {
      const row = readWell(birth, life, { read, prevHash });
      head = moveRow(tx, birth, { row, prevHash, life, head });
      prevHash = row.hash;
      from = seqOf(row.position) + 1;
    }
  }
  const gone = [positionOf(life.ordinal, after.seq + 1), positionOf(life.ordinal + 1, 0)] as const;
  // What the centre made of them is told anew where they stand now.
  tx.run("DELETE FROM exception WHERE position >= ? AND position < ?", ...gone);
  tx.run("DELETE FROM settlement WHERE position >= ? AND position < ?", ...gone);
  return head;
}

/** A disk may give wrong bytes once: what is damaged for good stays so when it is read again. */
function readWell(
  { journal }: Birth,
  life: Life,
  { read, prevHash }: { read: JournalRow; prevHash: string },
): JournalRow {
  if (journal.intact(life.incarnation, read, prevHash)) return read;
  return journal.row(life.ordinal, seqOf(read.position)) ?? read;
}

interface Move {
  readonly row: JournalRow;
  readonly prevHash: string;
  readonly life: Life;
  readonly head: Head;
}

function moveRow(tx: Sql, { journal, ports }: Birth, { row, prevHash, life, head }: Move): Head {
  const { incarnation } = life;
  const origin: Origin =
    row.origin === null
      ? { incarnation, seq: seqOf(row.position), hash: row.hash }
      : (JSON.parse(row.origin) as Origin);
  const place = { terminal: journal.terminal, incarnation: head.incarnation, seq: head.seq + 1, prevHash: head.hash };
  // Bytes that no longer fit must not become right by being hashed again: they get a hash that they do not give either.
  // What was read wrong is read again before it counts as damaged.
  const again = journal.intact(incarnation, row, prevHash) ? row : journal.row(life.ordinal, seqOf(row.position));
  const isIntact = again !== undefined && journal.intact(incarnation, again, prevHash);
  const body = isIntact ? again.body : `damaged ${row.body}`;
  const hash = linkHash(ports.sha256, { ...place, origin, body });
  const position = positionOf(head.ordinal, place.seq);
  tx.run(
    "UPDATE journal SET position = ?, hash = unhex(?), origin = ? WHERE position = ?",
    position,
    hash,
    JSON.stringify(origin),
    row.position,
  );
  if (row.kind === "customer.edited")
    tx.run("UPDATE record_edit SET position = ?, durable_at = NULL WHERE position = ?", position, row.position);
  if (row.kind === "shift.opened")
    tx.run("UPDATE shift SET ordinal = ?, open_seq = ? WHERE local_id = ?", head.ordinal, place.seq, row.localId);
  if (row.kind === "shift.closed") tx.run("UPDATE shift SET close_seq = ? WHERE local_id = ?", place.seq, row.localId);
  return { ...head, seq: place.seq, hash };
}
