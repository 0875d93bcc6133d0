import { CHAIN_START, type FeedEntry, type Kind, LIMITS, linkHash, type Sha256, toldCheck } from "@tillsync/protocol";
import { type Cursor, feedReset, formatCursor } from "./cursor.ts";
import { type FeedRow, fits, ownEntries, type StoredEntry } from "./feed-page.ts";
import type { FeedPage, FeedWish, StoredChange, TerminalLife } from "./ports.ts";

/** Entries of the feed that are looked at for one answer to a terminal that is told of others. */
export const ENTRIES_A_PAGE = 250;

/** Changes of one life that an answer may bring: entry `n`, from and to which seq. */
export interface Slice extends TerminalLife {
  readonly n: number;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** Stored bytes, and what they are hashed with. */
export interface StoredBytes {
  readonly seq: number;
  readonly body: string | null;
  readonly hash: string;
  /** Of the change before it; null when that is not there. */
  readonly prevHash: string | null;
  readonly origin: StoredChange["origin"];
}

/** One change of a slice; without bytes when the answer has no room for it and those behind it. */
export interface Told extends StoredBytes {
  readonly n: number;
}

/** Whether bytes give the hash that is kept for their place: nothing else is told to anybody (decision 0025). */
export function isSound(
  sha256: Sha256,
  { terminal, incarnation }: TerminalLife,
  { seq, body, hash, prevHash: before, origin }: StoredBytes,
): boolean {
  const prevHash = seq === 1 ? CHAIN_START : before;
  if (body === null || prevHash === null) return false;
  return linkHash(sha256, { terminal, incarnation, seq, prevHash, origin: origin ?? undefined, body }) === hash;
}

/** What was read for these slices without what is not sound: that is told when it is healed. */
export function soundOf(sha256: Sha256, slices: readonly Slice[], told: readonly Told[]): readonly Told[] {
  const lives = new Map(slices.map((slice) => [slice.n, slice]));
  return told.filter((row) => {
    const life = lives.get(row.n);
    return row.body === null || (life !== undefined && isSound(sha256, life, row));
  });
}

const OPEN_ORDERS: readonly Kind[] = [
  "order.edited",
  "order.closed",
  "order.voided",
  "order.deleted",
  "order.withdrawn",
];
const DOCUMENTS: readonly Kind[] = [
  ...OPEN_ORDERS,
  "order.submitted",
  "transaction.recorded",
  "transaction.submitted",
  "transaction.withdrawn",
];

/** What terminals are told of others: never stock, shifts, decisions about exceptions. */
export function kindsOf(scope: FeedWish["scope"]): readonly Kind[] {
  return scope === "open" ? OPEN_ORDERS : DOCUMENTS;
}

/** What an answer is going to tell, before the bytes are read: entries, and what of them is somebody else's. */
export interface Outline {
  readonly entries: readonly StoredEntry[];
  readonly slices: readonly Slice[];
  /** The last slice ends before its entry does, or entries were left out. */
  readonly isCut: boolean;
}

/**
 * Chooses what one answer tells a life of the entries behind its cursor, so that it stays small whatever they hold.
 *
 * @throws SyncError FEED_RESET
 */
export function outlineOf(row: FeedRow, life: TerminalLife, cursor: Cursor, storeId: number): Outline {
  if (!fits(cursor, row, storeId)) throw feedReset();
  const entries: StoredEntry[] = [];
  const slices: Slice[] = [];
  let room: number = LIMITS.maxFeedChanges;
  for (const entry of row.entries.slice(0, ENTRIES_A_PAGE)) {
    if (isTold(entry, life)) {
      if (room === 0) return { entries, slices, isCut: true };
      const fromSeq = entry.n === cursor.n + 1 ? Math.max(entry.fromSeq, (cursor.within ?? 0) + 1) : entry.fromSeq;
      const toSeq = Math.min(entry.toSeq, fromSeq + room - 1);
      const { n, terminal, incarnation } = entry;
      if (fromSeq <= toSeq) slices.push({ n, terminal, incarnation, fromSeq, toSeq });
      room -= Math.max(0, toSeq - fromSeq + 1);
    }
    entries.push(entry);
  }
  return { entries, slices, isCut: row.entries.length > ENTRIES_A_PAGE };
}

/** Somebody else's changes that stand, or lost to another version: what waits is told when it got its turn. */
function isTold({ terminal, incarnation, effect, settlement }: StoredEntry, life: TerminalLife): boolean {
  const isOwn = terminal === life.terminal && incarnation === life.incarnation;
  return !isOwn && settlement === null && (effect === "applied" || effect === "conflict");
}

/** Who asks for a page, and where that terminal stands. */
export interface Asker {
  readonly life: TerminalLife;
  readonly cursor: Cursor;
  readonly storeId: number;
  readonly sha256: Sha256;
}

/** Puts entries and bytes together, up to the first change that there was no room for. */
export function pageDown(
  row: FeedRow,
  { entries, slices, isCut }: Outline,
  told: readonly Told[],
  { life, cursor, storeId, sha256 }: Asker,
): FeedPage {
  const sliceOf = new Map(slices.map((slice) => [slice.n, slice]));
  const toldOf = Map.groupBy(told, ({ n }) => n);
  const page: FeedEntry[] = [];
  let at: Cursor = cursor;
  let isWhole = true;
  for (const entry of entries) {
    const slice = sliceOf.get(entry.n);
    if (entry.terminal === life.terminal) page.push(...ownEntries([entry]));
    if (slice !== undefined) {
      const rows = (toldOf.get(entry.n) ?? []).filter(({ seq }) => seq >= slice.fromSeq && seq <= slice.toSeq);
      const firstLeft = rows.find(({ body }) => body === null)?.seq;
      page.push(...piecesOf(sha256, entry, rows));
      const within = firstLeft === undefined ? slice.toSeq : firstLeft - 1;
      if (within < entry.toSeq) {
        if (within >= slice.fromSeq) at = { ...at, within };
        isWhole = false;
        break;
      }
    }
    at = { epoch: row.epoch, storeId, n: entry.n, chain: entry.chain };
  }
  const more = !isWhole || isCut;
  const end = more ? at : { epoch: row.epoch, storeId, n: row.n, chain: row.chain };
  const join = cursor.join !== undefined && end.n < cursor.join.until ? cursor.join : undefined;
  return {
    entries: page,
    cursor: formatCursor({ ...end, join }),
    more,
    ...(join === undefined ? {} : { joining: true }),
  };
}

/** A run breaks where a change is left out, so that each body's place follows from its position. */
function piecesOf(sha256: Sha256, entry: StoredEntry, rows: readonly Told[]): FeedEntry[] {
  const pieces: (FeedEntry & { bodies: string[] })[] = [];
  const { n, terminal, incarnation, effect } = entry;
  for (const { seq, body } of rows) {
    if (body === null) break;
    const last = pieces.at(-1);
    if (last?.toSeq === seq - 1) {
      last.toSeq = seq;
      last.bodies.push(body);
    } else pieces.push({ n, terminal, incarnation, fromSeq: seq, toSeq: seq, effect, bodies: [body] });
  }
  return pieces.map((piece) => ({ ...piece, check: toldCheck(sha256, piece, piece.bodies) }));
}
