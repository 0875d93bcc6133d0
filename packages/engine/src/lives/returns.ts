import {
  CHAIN_START,
  LIMITS,
  linkHash,
  type Missing,
  parseBody,
  type Repair,
  type Sha256,
  SyncError,
} from "@tillsync/protocol";
import { type Journal, type Life, positionOf } from "../journal.ts";
import { keepOpenList } from "../others.ts";
import { columnsOf } from "../own-rows.ts";
import type { Sql } from "../ports.ts";
import { unretire } from "../retirement/pass.ts";
import type { Asking } from "../settlement.ts";

/** Exchanges in a row that bring none of what is missing, after which nobody waits for it any more. */
const TRIES = 5;

/**
 * What earlier lives of this till sent and this database has not: it was put back to an older copy, or lost. The centre is
 * asked for it page by page beside whatever else is sent, and it goes back to where it was, so that reports, open orders and
 * shifts know it.
 */
export class Returns {
  readonly #lives: () => readonly Life[];
  /** Where the life stood when it was last asked, and how often it has stood there. */
  #asked = "";
  #tries = 0;

  constructor(lives: () => readonly Life[]) {
    this.#lives = lives;
  }

  /** What is asked for already, and behind it what is to come back, as far as there is room. */
  beside(asking: Asking): Asking {
    const life = this.#lives().find(isReturning);
    const room = LIMITS.maxRepairs - asking.lacks.length;
    if (life === undefined || room <= 0) return asking;
    const { incarnation, headSeq, returnsTo } = life;
    const asked = `${incarnation} ${headSeq}`;
    this.#tries = asked === this.#asked ? this.#tries + 1 : 0;
    this.#asked = asked;
    if (this.#tries >= TRIES) return asking;
    const count = Math.min(room, returnsTo - headSeq);
    const lacks: Missing[] = Array.from({ length: count }, (_, index) => ({ incarnation, seq: headSeq + 1 + index }));
    const soonMs = Math.min(asking.soonMs ?? Number.POSITIVE_INFINITY, 1_000 * (2 ** this.#tries - 1));
    return { ...asking, lacks: [...asking.lacks, ...lacks], soonMs };
  }
}

export function isReturning({ headSeq, returnsTo }: Life): boolean {
  return returnsTo > headSeq;
}

/** Whether the same rows stand at the same places, but for what was recorded in the present life. */
export function isSameHistory(before: readonly Life[], after: readonly Life[]): boolean {
  const ended = (lives: readonly Life[]) => lives.slice(0, -1).map(({ ordinal, headSeq }) => `${ordinal} ${headSeq}`);
  return before.length === after.length && ended(before).join() === ended(after).join();
}

interface Context {
  readonly journal: Journal;
  readonly sha256: Sha256;
  readonly lives: readonly Life[];
}

/** Takes rows behind the last one of a life, each following the one before it, and what they mean for open orders and shifts. */
export function takeReturned(tx: Sql, { journal, sha256, lives }: Context, life: Life, given: readonly Repair[]): void {
  const { terminal } = journal;
  const { ordinal, incarnation, returnsTo } = life;
  let { headSeq, headHash } = life;
  const touched = new Set<string>();
  const isLater = lives.some((each) => each.ordinal > ordinal && opensShift(tx, each.ordinal));
  for (const gift of [...given].sort((one, other) => one.seq - other.seq)) {
    const { seq, body, origin, prevHash } = gift;
    if (seq !== headSeq + 1 || seq > returnsTo || (prevHash ?? CHAIN_START) !== headHash) continue;
    const hash = linkHash(sha256, { terminal, incarnation, seq, prevHash: headHash, origin, body });
    putRow(tx, { position: positionOf(ordinal, seq), hash, gift });
    takeMeaning(tx, { ordinal, seq, body, isLater }, touched);
    [headSeq, headHash] = [seq, hash];
  }
  if (headSeq === life.headSeq) return;
  for (const localId of touched) keepOpenList(tx, localId);
  tx.run("UPDATE life SET durable_through = ?, durable_hash = unhex(?) WHERE ordinal = ?", headSeq, headHash, ordinal);
  // Judgements that came before their rows are held against them now.
  const back = [positionOf(ordinal, life.headSeq + 1), positionOf(ordinal, headSeq)] as const;
  tx.run("UPDATE settlement SET own = NULL WHERE position BETWEEN ? AND ?", ...back);
}

function putRow(tx: Sql, { position, hash, gift }: { position: number; hash: string; gift: Repair }): void {
  const { kind, localId, version, businessDate, receiptSequence } = columnsOf(gift.body);
  unretire(tx, position);
  tx.run(
    `INSERT INTO journal (position, hash, kind, local_id, version, business_date, receipt_sequence, body, private, origin)
     VALUES (?, unhex(?), ?, ?, ?, ?, ?, ?, ?, ?)`,
    position,
    hash,
    kind,
    localId,
    version,
    businessDate,
    receiptSequence,
    gift.body,
    gift.private ?? null,
    gift.origin === undefined ? null : JSON.stringify(gift.origin),
  );
}

function opensShift(tx: Sql, ordinal: number): boolean {
  return tx.get("SELECT 1 FROM shift WHERE closed_at IS NULL AND ordinal = ?", ordinal) !== undefined;
}

interface Meaning {
  readonly ordinal: number;
  readonly seq: number;
  readonly body: string;
  /** A shift is open that was opened after this life: what this life opened is over. */
  readonly isLater: boolean;
}

function takeMeaning(tx: Sql, { ordinal, seq, body, isLater }: Meaning, touched: Set<string>): void {
  const said = saidBy(body);
  if (said === undefined) return;
  const { kind, localId, businessDate, occurredAt, payload } = said;
  if (kind.startsWith("order.")) touched.add(localId);
  const takenBack = payload.documentType === "void" ? payload.original?.localId : undefined;
  if (takenBack !== undefined)
    tx.run("INSERT OR IGNORE INTO voided_order (local_id, by_local_id) VALUES (?, ?)", takenBack, localId);
  if (kind === "shift.opened" && !isLater) {
    const sql =
      "INSERT OR IGNORE INTO shift (local_id, operator, business_date, opened_at, ordinal, open_seq) VALUES (?, ?, ?, ?, ?, ?)";
    tx.run(sql, localId, payload.operator ?? "", businessDate, occurredAt, ordinal, seq);
  }
  if (kind === "shift.closed") {
    const sql = "UPDATE shift SET closed_at = ?, close_seq = ? WHERE local_id = ? AND closed_at IS NULL";
    tx.run(sql, occurredAt, seq, localId);
  }
}

interface Said {
  readonly kind: string;
  readonly localId: string;
  readonly businessDate: string;
  readonly occurredAt: string;
  readonly payload: {
    readonly operator?: string;
    readonly documentType?: string;
    readonly original?: { readonly localId?: string };
  };
}

/** Undefined for bytes that say nothing: the centre keeps such a change parked, and so it comes back. */
function saidBy(body: string): Said | undefined {
  try {
    return parseBody(body) as unknown as Said;
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}
