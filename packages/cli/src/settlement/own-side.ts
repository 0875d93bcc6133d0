import { positionOf, sha256 } from "@tillsync/engine";
import { type JournalReader, readOnly, retiredColumn } from "@tillsync/engine/sqlite";
import {
  type Amount,
  ChainCheck,
  type Origin,
  privatePart,
  type Settlement,
  StretchSums,
  SyncError,
  wantedPrivate,
} from "@tillsync/protocol";

/** A closed shift as a till's own bytes have it, hashed again just now. */
export interface OwnSide {
  readonly terminal: string;
  readonly incarnation: string;
  readonly openSeq: number;
  readonly closeSeq: number;
  readonly chainHead: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly totals: readonly Amount[];
  /** Rows that are missing or do not fit the chain, by seq. */
  readonly flaws: readonly { readonly seq: number; readonly what: string }[];
  /** Rows that were wrong here, and are right again. */
  readonly healed: readonly number[];
  /** What the till knows of the centre's judgement; null while it waits for it. */
  readonly known: string | null;
}

interface Closing {
  readonly position: number;
  readonly ordinal: number;
  readonly seq: number;
  readonly incarnation: string;
  readonly openSeq: number;
}

const LIFE_SPAN = 2 ** 40;
const PAGE = 2000;

/** @returns undefined when this till has not closed such a shift */
export function readOwnSide(file: string, shift: string): OwnSide | undefined {
  const db = readOnly(file);
  try {
    const closing = closingOf(db, shift);
    return closing && sideOf(db, closing);
  } finally {
    db.close();
  }
}

function closingOf(db: JournalReader, shift: string): Closing | undefined {
  const [row] = db.all<{ position: number; body: string; openSeq: number | null }>(
    `SELECT j.position, j.body, (SELECT open_seq FROM shift WHERE local_id = ?) AS openSeq FROM journal j
     WHERE j.local_id = ? AND j.kind = 'shift.closed' ORDER BY j.position DESC LIMIT 1`,
    shift,
    shift,
  );
  if (row === undefined) return undefined;
  const ordinal = Math.floor(row.position / LIFE_SPAN);
  const [life] = db.all<{ incarnation: string }>("SELECT incarnation FROM life WHERE ordinal = ?", ordinal);
  const seq = row.position % LIFE_SPAN;
  const openSeq = openSeqOf(row.body) ?? row.openSeq ?? seq;
  return { position: row.position, ordinal, seq, incarnation: life?.incarnation ?? "", openSeq };
}

function openSeqOf(body: string): number | undefined {
  try {
    const { openSeq } = (JSON.parse(body) as { payload: { openSeq?: unknown } }).payload;
    return typeof openSeq === "number" ? openSeq : undefined;
  } catch {
    return undefined; // its bytes are damaged: the till's own table still knows where the shift began
  }
}

type Row = {
  position: number;
  hash: string;
  kind: string;
  body: string;
  private: string | null;
  origin: string | null;
  retired: string | null;
};

function sideOf(db: JournalReader, { position, ordinal, seq, incarnation, openSeq }: Closing): OwnSide {
  const [identity] = db.all<{ terminal: string }>("SELECT terminal FROM identity");
  if (identity === undefined) throw new SyncError("JOURNAL_BROKEN", "This is not a till's database.");
  const { terminal } = identity;
  const fromSeq = Math.max(1, openSeq - 1);
  const [before] = db.all<{ hash: string }>(
    "SELECT lower(hex(hash)) AS hash FROM journal WHERE position = ?",
    positionOf(ordinal, fromSeq - 1),
  );
  const prevHash = fromSeq === 1 ? "0".repeat(64) : (before?.hash ?? null);
  const check = new ChainCheck(sha256, { terminal, incarnation }, { fromSeq, prevHash });
  const sums = new StretchSums();
  const retired = new Set<number>();
  const privates: { seq: number; what: string }[] = [];
  let chainHead: string | null = null;
  for (let from = fromSeq; from <= seq + 1; from += PAGE) {
    for (const row of pageOf(db, ordinal, from, Math.min(seq + 1, from + PAGE - 1))) {
      const at = row.position % LIFE_SPAN;
      const origin = row.origin === null ? undefined : (JSON.parse(row.origin) as Origin);
      if (row.retired !== null) retired.add(at);
      const isIntact = check.add({ seq: at, hash: row.hash, body: row.retired === null ? row.body : null, origin });
      if (at === seq - 1) chainHead = row.hash;
      if (at < openSeq || at >= seq) continue;
      if (isIntact && isPrivateWrong(row)) privates.push({ seq: at, what: "private" });
      if (isIntact) sums.add(row.body);
      else sums.addUnread(row.kind);
    }
  }
  check.skipTo(seq + 1);
  const broken = check.end(null).filter((flaw) => flaw.seq >= openSeq && flaw.seq <= seq && !retired.has(flaw.seq));
  const flaws = [...broken, ...privates].sort((one, other) => one.seq - other.seq);
  const known = knownOf(db, position);
  // What a shift held is what both sides found it to hold, once its changes are retired here.
  const content = retired.size > 0 ? known.content : { counts: sums.counts(), totals: sums.totals() };
  return { terminal, incarnation, openSeq, closeSeq: seq - 1, chainHead, ...content, flaws, ...known.told };
}

function isPrivateWrong(row: Row): boolean {
  return privatePart(sha256, wantedPrivate(row.body), row.private) !== "whole";
}

function pageOf(db: JournalReader, ordinal: number, fromSeq: number, toSeq: number): Row[] {
  return db.all<Row>(
    `SELECT position, lower(hex(hash)) AS hash, kind, body, private, origin, ${retiredColumn(db)} FROM journal WHERE position BETWEEN ? AND ? ORDER BY position`,
    positionOf(ordinal, fromSeq),
    positionOf(ordinal, toSeq),
  );
}

function knownOf(db: JournalReader, position: number) {
  const [row] = db.all<{ state: string; healed: string; judgement: string }>(
    "SELECT state, healed, judgement FROM settlement WHERE position = ?",
    position,
  );
  const { counts = {}, totals = [] } = JSON.parse(row?.judgement ?? "{}") as Partial<Settlement>;
  const healed = row === undefined ? [] : (JSON.parse(row.healed) as number[]);
  return { told: { known: row?.state ?? null, healed }, content: { counts, totals } };
}
