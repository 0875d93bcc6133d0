import type { BatchSize } from "@tillsync/lanes";
import {
  type ExchangeRequest,
  type ExchangeResponse,
  type FeedEntry,
  type FeedScope,
  LIMITS,
  type Missing,
  type Origin,
  PROTOCOL_VERSION,
  type Repair,
  type Sha256,
  SyncError,
  type WireChange,
} from "@tillsync/protocol";
import { takeGifts } from "./gifts.ts";
import { type Journal, type JournalRow, type Life, positionOf } from "./journal.ts";
import { type OthersSettings, takeOthers } from "./others.ts";
import { intactRow } from "./own-rows.ts";
import type { Sql } from "./ports.ts";
import { noteAnswer } from "./records/edits.ts";
import { applySettlement } from "./settlement.ts";

/** Bytes a change adds to a request besides its body: hash, quotes, names. */
const WIRE_OVERHEAD = 120;

/** What of the centre's last answer the next request carries. */
export interface Standing {
  readonly cursor: string | null;
  /** Rows the centre asked for. */
  readonly need: readonly Missing[];
  /** What of the feed the terminal wants to be told. */
  readonly feed?: FeedScope | undefined;
  /** What closed shifts still need: rows that the centre lacks, and rows that this till has lost. */
  readonly shifts?: { readonly need: readonly Missing[]; readonly lacks: readonly Missing[] } | undefined;
}

/** The life that sends next: the oldest with something left, else the present one. */
export function sendingLife(lives: readonly Life[]): Life {
  const behind = lives.find((life) => life.durableThrough < life.headSeq);
  const life = behind ?? lives.at(-1);
  if (life === undefined)
    throw new SyncError("JOURNAL_BROKEN", "The journal has no life; the database was not set up.");
  return life;
}

/** How many changes the centre does not have yet, over all lives. */
export function pendingOf(lives: readonly Life[]): number {
  let pending = 0;
  for (const life of lives) pending += life.headSeq - life.durableThrough;
  return pending;
}

/**
 * The next exchange: the oldest changes the centre lacks, in seq order, up to `size`. A row whose bytes no longer fit its
 * hash goes as it is, marked; its seq is not skipped.
 */
export function buildRequest(
  journal: Journal,
  lives: readonly Life[],
  standing: Standing,
  size: BatchSize,
): ExchangeRequest {
  const life = sendingLife(lives);
  const changes: WireChange[] = [];
  let bytes = 0;
  let prevHash = life.durableHash;
  for (const row of journal.range(life.ordinal, life.durableThrough + 1, size.changes)) {
    bytes += row.body.length + (row.private?.length ?? 0) + WIRE_OVERHEAD;
    if (changes.length > 0 && bytes > size.bytes) break;
    changes.push(wireChange(journal, row, journal.intact(life.incarnation, row, prevHash)));
    prevHash = row.hash;
  }
  const { need, lacks } = standing.shifts ?? { need: [], lacks: [] };
  const repair = repairsOf(journal, lives, unique([...standing.need, ...need]), size.bytes - bytes);
  return {
    protocolVersion: PROTOCOL_VERSION,
    terminal: journal.terminal,
    incarnation: life.incarnation,
    fromSeq: life.durableThrough + 1,
    prevHash: life.durableHash,
    changes,
    headSeq: life.headSeq,
    ...(isNew(life) ? { compare: [] } : {}),
    ...(repair.length > 0 ? { repair } : {}),
    ...(lacks.length > 0 ? { lacks: [...lacks] } : {}),
    cursor: standing.cursor,
    ...(standing.feed === undefined ? {} : { feed: standing.feed }),
  };
}

/** A database without a past asks whether its terminal has one. */
function isNew({ ordinal, compared, durableThrough }: Life): boolean {
  return ordinal === 1 && compared === 0 && durableThrough === 0;
}

/**
 * An answer as far as it goes on from where this till stands in the feed: one that was asked for further back, because two
 * were in flight, would take the cursor back with it.
 */
export function goingOn(request: ExchangeRequest, answer: ExchangeResponse, cursor: string | null): ExchangeResponse {
  if (request.feed !== "none" && request.cursor === cursor) return answer;
  const { joining: _page, ...rest } = answer;
  return { ...rest, entries: [], cursor: cursor ?? answer.cursor, more: false };
}

function wireChange(journal: Journal, row: JournalRow, intact: boolean): WireChange {
  return {
    body: row.body,
    hash: row.hash,
    ...(intact || row.private === null ? privateOf(journal, row) : { private: row.private }),
    ...(row.origin === null ? {} : { origin: JSON.parse(row.origin) as Origin }),
    ...(intact ? {} : { damaged: true as const }),
  };
}

/** One that is not the change's own stays here: settlement asks for the right one, and the sale is not held up. */
function privateOf(journal: Journal, row: JournalRow): { private?: string } {
  return row.private !== null && journal.privatePart(row) === "whole" ? { private: row.private } : {};
}

/** What of the needed rows can be repaired now: one at least, more while they fit beside the changes. */
function repairsOf(journal: Journal, lives: readonly Life[], need: Standing["need"], spareBytes: number): Repair[] {
  const repairs: Repair[] = [];
  let bytes = 0;
  for (const missing of need) {
    if (repairs.length >= LIMITS.maxRepairs || (repairs.length > 0 && bytes >= spareBytes)) break;
    const found = repairOf(journal, lives, missing);
    for (const { body, private: secret = "" } of found) bytes += body.length + secret.length + WIRE_OVERHEAD;
    if (repairs.length > 0 && bytes > spareBytes) break;
    repairs.push(...found);
  }
  return repairs;
}

function unique(rows: readonly Missing[]): Missing[] {
  return [...new Map(rows.map((row) => [`${row.incarnation}/${row.seq}`, row])).values()];
}

/** Only bytes that still fit their hash can repair anything. */
function repairOf(journal: Journal, lives: readonly Life[], missing: Missing): Repair[] {
  const life = lives.find((candidate) => candidate.incarnation === missing.incarnation);
  const row = life && intactRow(journal, life, missing.seq);
  const prevHash = life && journal.hashAt(life.ordinal, missing.seq - 1);
  if (!row || prevHash === undefined) return [];
  const { incarnation, seq } = missing;
  const origin = row.origin === null ? {} : { origin: JSON.parse(row.origin) as Origin };
  return [{ incarnation, seq, body: row.body, prevHash, ...origin, ...privateOf(journal, row) }];
}

/**
 * Checks an answer against the till's own chain before anything of it is believed.
 *
 * @throws SyncError FORK when the centre claims changes that this journal does not have, or has otherwise
 */
export function checkMark(journal: Journal, life: Life, mark: { durableThrough: number; chainHash: string }): void {
  // What was acknowledged before holds, whatever became of the till's row at that place since.
  if (mark.durableThrough === life.durableThrough && mark.chainHash === life.durableHash) return;
  const own = mark.durableThrough <= life.headSeq ? journal.hashAt(life.ordinal, mark.durableThrough) : undefined;
  if (own === mark.chainHash) return;
  throw new SyncError(
    "FORK",
    `The centre holds ${mark.durableThrough} changes of this life with another chain than this till: its database was copied or restored. It is asked again, and the till goes on in a new life if so.`,
    { durableThrough: mark.durableThrough, headSeq: life.headSeq },
  );
}

/**
 * The centre has less of a life (restored from a backup) or more than was thought: its mark is believed if the till's chain
 * agrees, and sending goes on from there.
 *
 * @returns false when the refusal names no mark
 * @throws SyncError FORK
 */
export function rewind(
  { journal, commit }: { journal: Journal; commit: (fn: (tx: Sql) => void) => void },
  life: Life,
  { details: { durableThrough, chainHash } }: SyncError,
): boolean {
  if (typeof durableThrough !== "number" || typeof chainHash !== "string") return false;
  checkMark(journal, life, { durableThrough, chainHash });
  const sql = "UPDATE life SET durable_through = ?, durable_hash = unhex(?) WHERE ordinal = ?";
  commit((tx) => tx.run(sql, durableThrough, chainHash, life.ordinal));
  return true;
}

/**
 * Rows asked for again by the answer to what would have repaired them cannot be repaired from here: asking and answering
 * on without a pause changes nothing.
 */
export function isNewlyNeeded(need: Standing["need"], asked: Standing["need"]): boolean {
  if (need.length > 0 && need.length < asked.length) return true;
  const before = new Set(asked.map(({ incarnation, seq }) => `${incarnation}/${seq}`));
  return need.some(({ incarnation, seq }) => !before.has(`${incarnation}/${seq}`));
}

/** @throws SyncError NOT_AN_ANSWER when changes were sent and none was taken: asking again at once would go on for ever */
export function refuseStandstill(request: ExchangeRequest, answer: ExchangeResponse): void {
  if (request.changes.length === 0 || answer.durableThrough >= request.fromSeq) return;
  throw new SyncError("NOT_AN_ANSWER", "The centre answered without taking any of the changes that were sent.");
}

/** Writes an answer down, inside one transaction: mark, effects, repaired rows. */
export function applyAnswer(
  tx: Sql,
  context: {
    journal: Journal;
    sha256: Sha256;
    lives: readonly Life[];
    life: Life;
    wallMs: number;
    others: OthersSettings;
  },
  answer: ExchangeResponse,
): void {
  const { life } = context;
  tx.run(
    "UPDATE life SET durable_through = ?, durable_hash = unhex(?), backed_up_through = ? WHERE ordinal = ?",
    answer.durableThrough,
    answer.chainHash,
    answer.backedUpThrough,
    life.ordinal,
  );
  for (const entry of answer.entries) applyEntry(tx, context, entry);
  takeOthers(tx, context, answer);
  takeGifts(tx, context, answer.give);
  noteAnswer(tx, context, answer);
}

/** Effects of this till's own changes. What is applied needs no row; only exceptions are kept, and judgements of shifts. */
function applyEntry(
  tx: Sql,
  { journal, lives, wallMs }: { journal: Journal; lives: readonly Life[]; wallMs: number },
  entry: FeedEntry,
): void {
  const life = lives.find((candidate) => candidate.incarnation === entry.incarnation);
  if (entry.terminal !== journal.terminal || life === undefined) return;
  applySettlement(tx, life, entry, wallMs);
  const from = positionOf(life.ordinal, entry.fromSeq);
  const to = positionOf(life.ordinal, Math.min(entry.toSeq, Math.max(life.headSeq, life.returnsTo)));
  if (entry.effect === "applied" || (entry.code === "CHANGE_ID_REUSED" && isResent(journal, life, entry))) {
    tx.run("DELETE FROM exception WHERE position BETWEEN ? AND ?", from, to);
    return;
  }
  for (let position = from; position <= to; position++) {
    tx.run(
      `INSERT INTO exception (position, effect, code, message) VALUES (?, ?, ?, ?)
       ON CONFLICT (position) DO UPDATE SET effect = excluded.effect, code = excluded.code, message = excluded.message`,
      position,
      entry.effect,
      entry.code ?? null,
      entry.message ?? null,
    );
  }
}

/** A change that came in an earlier life already counts there: nothing is wrong with it. */
function isResent(journal: Journal, { ordinal }: Life, { fromSeq }: FeedEntry): boolean {
  return (journal.row(ordinal, fromSeq)?.origin ?? null) !== null;
}
