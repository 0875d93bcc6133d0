import { CHAIN_START, linkHash, type Origin, type Sha256, SyncError } from "@tillsync/protocol";
import { ordinalOf, seqOf } from "../journal.ts";
import { type JournalReader, readOnly, retiredColumn } from "./reader.ts";

/** One life as a copy has it, walked row by row. */
export interface LifeContents {
  readonly ordinal: number;
  readonly incarnation: string;
  readonly headSeq: number;
  readonly headHash: string;
  /** Rows that are there. */
  readonly changes: number;
  readonly durableThrough: number;
}

/** What is in a till's database, every row of the journal read and its hash computed again. */
export interface TillContents {
  readonly terminal: string;
  readonly shortId: string;
  readonly store: string;
  /** Migrations that the database has seen. */
  readonly schema: number;
  readonly lives: readonly LifeContents[];
  /** Rows whose bytes do not give their hash, and rows that are not there between others. */
  readonly damaged: readonly { readonly incarnation: string; readonly seq: number }[];
  readonly missing: number;
}

export interface InspectOptions {
  readonly sha256: Sha256;
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/** Rows between two words on how far it is. */
const TOLD_EVERY = 20_000;
/** More are not named one by one. */
const MAX_NAMED = 100;

/**
 * Opens a till's database that nobody writes, has SQLite check every page and index of it, and walks the journal.
 *
 * @throws SyncError BACKUP_UNREADABLE when it is no database of a till, or SQLite finds it damaged
 */
export function inspectTill(file: string, options: InspectOptions): TillContents {
  let db: JournalReader | undefined;
  try {
    db = readOnly(file);
    const [found] = db.all<{ integrity_check: string }>("PRAGMA integrity_check(1)");
    if (found?.integrity_check !== "ok") throw new Error(String(found?.integrity_check));
    const [identity] = db.all<{ terminal: string; shortId: string; store: string }>(
      "SELECT terminal, short_id AS shortId, store FROM identity",
    );
    if (identity === undefined) throw new Error("it says of no terminal that it is its own");
    const [schema] = db.all<{ user_version: number }>("PRAGMA user_version");
    return { ...identity, schema: schema?.user_version ?? 0, ...walk(db, identity.terminal, options) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SyncError("BACKUP_UNREADABLE", `${file} is no sound database of a till: ${why}.`, { file }, cause);
  } finally {
    db?.close();
  }
}

interface Row {
  readonly position: number;
  readonly hash: string;
  readonly body: string;
  readonly origin: string | null;
  readonly retired: string | null;
}

function walk(db: JournalReader, terminal: string, { sha256, onProgress }: InspectOptions) {
  const lives = db
    .all<Omit<LifeContents, "headSeq" | "headHash" | "changes">>(
      "SELECT ordinal, incarnation, durable_through AS durableThrough FROM life ORDER BY ordinal",
    )
    .map((life) => ({ ...life, headSeq: 0, headHash: CHAIN_START, changes: 0 }));
  const byOrdinal = new Map(lives.map((life) => [life.ordinal, life]));
  const damaged: { incarnation: string; seq: number }[] = [];
  let [rows, missing] = [0, 0];
  const sql = `SELECT position, lower(hex(hash)) AS hash, body, origin, ${retiredColumn(db)} FROM journal ORDER BY position`;
  for (const { position, hash, body, origin, retired } of db.iterate<Row>(sql)) {
    const life = byOrdinal.get(ordinalOf(position));
    if (life === undefined) throw new Error(`row ${position} belongs to no life`);
    const seq = seqOf(position);
    // What lies before the first row may have been retired; between two rows nothing may be missing.
    const follows = seq === life.headSeq + 1;
    if (!follows && life.changes > 0) missing += seq - life.headSeq - 1;
    const given = origin === null ? undefined : (JSON.parse(origin) as Origin);
    const link = { terminal, incarnation: life.incarnation, seq, prevHash: life.headHash, body, origin: given };
    // Of a retired change only its place in the chain is left: nothing can be computed, and the next one shows its hash.
    if (follows && retired === null && linkHash(sha256, link) !== hash && damaged.length < MAX_NAMED)
      damaged.push({ incarnation: life.incarnation, seq });
    Object.assign(life, { headSeq: seq, headHash: hash, changes: life.changes + 1 });
    if (++rows % TOLD_EVERY === 0) onProgress?.(rows);
  }
  return { lives, damaged, missing };
}
