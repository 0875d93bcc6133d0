import {
  CENTRAL_LIFE,
  type Effect,
  type ExchangeResponse,
  type FeedEntry,
  type FeedScope,
  type Kind,
  parseBody,
} from "@tillsync/protocol";
import type { Standing } from "./central.ts";
import { type Life, positionOf, seqOf } from "./journal.ts";
import { readLane } from "./lane-row.ts";
import type { LocalStore, Sql } from "./ports.ts";

/** What a terminal may be told of others. */
export type OrdersFeed = Exclude<FeedScope, "none">;

/** Days that closed orders of others are kept. */
export const KEEP_DAYS = 35;

/** What of others' orders this terminal is told, and for how many days it keeps it. */
export interface OthersSettings {
  readonly scope: OrdersFeed;
  readonly keepDays: number;
}

/** A change of another terminal, or of a life that this database does not have. */
export interface OtherRow {
  readonly terminal: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly kind: Kind;
  readonly localId: string;
  readonly version: number;
  readonly businessDate: string;
  readonly effect: Effect;
  readonly body: string;
}

type Read = Pick<Sql, "get" | "all">;

const ROWS = `SELECT l.terminal, l.incarnation, o.position, o.kind, o.local_id AS localId, o.version,
    o.business_date AS businessDate, o.effect, o.body
  FROM other_change o JOIN other_life l ON l.ordinal = o.position >> 40
  WHERE o.generation <= (SELECT generation FROM others)`;

/** What others did with a document, as far as this till was told. */
export function othersOf(read: Read, localId: string): OtherRow[] {
  return rowsOf(read, `${ROWS} AND o.local_id = ? ORDER BY o.position`, localId);
}

/** Documents of others with this number on them. */
export function othersOfReceipt(read: Read, receiptNumber: string): OtherRow[] {
  return rowsOf(read, `${ROWS} AND o.receipt_number = ? ORDER BY o.position`, receiptNumber);
}

function rowsOf(read: Read, sql: string, key: string): OtherRow[] {
  const rows = read.all<Omit<OtherRow, "seq"> & { position: number }>(sql, key);
  return rows.map(({ position, ...row }) => ({ ...row, seq: seqOf(position) }));
}

/**
 * Where this till stands in the feed. The cursor has to belong to what it asks for: one that was told less so far begins
 * anew, or it would never hear of what was passed over.
 */
export function beginFeed(store: LocalStore, { scope }: OthersSettings): Standing {
  if (store.read.get<{ scope: string }>("SELECT scope FROM others")?.scope !== scope) {
    store.transaction((tx) => {
      tx.run("UPDATE others SET scope = ?", scope);
      if (scope !== "own") tx.run("UPDATE lane SET cursor = NULL");
    });
  }
  return { cursor: readLane(store.read)?.cursor ?? null, need: [], feed: scope };
}

interface Context {
  readonly journal: { readonly terminal: string };
  readonly lives: readonly Life[];
  readonly others: OthersSettings;
}

/**
 * Keeps what an answer tells of others, inside the transaction that moves the cursor. Pages of the past are kept out of
 * sight until the last of them is there: no reader sees half of it.
 */
export function takeOthers(tx: Sql, context: Context, answer: ExchangeResponse): void {
  const { entries, joining, serverTimeMs, cursor } = answer;
  // One that was asked for nothing of the feed says nothing about it, and does not end a past that comes in pages.
  if (tx.get<{ cursor: string | null }>("SELECT cursor FROM lane WHERE name = 'central'")?.cursor === cursor) return;
  const state = tx.get<{ generation: number; joining: number }>("SELECT generation, joining FROM others");
  if (state === undefined) return;
  const isStaged = joining === true || state.joining === 1;
  const generation = state.generation + (isStaged ? 1 : 0);
  const touched = new Set<string>();
  // Never before what was told earlier: a day that jumped back would be forgotten at once.
  const toldOn = [newestDay(tx), dayOf(serverTimeMs)].sort().at(-1) ?? "";
  const page = { generation, toldOn, touched };
  for (const entry of entries) {
    const others = othersIn(context, entry);
    if (others !== undefined) takeEntry(tx, others, page);
  }
  if (isStaged)
    for (const localId of touched) tx.run("INSERT OR IGNORE INTO other_staged (local_id) VALUES (?)", localId);
  if (joining === true) {
    if (state.joining === 0) tx.run("UPDATE others SET joining = 1");
    return;
  }
  if (isStaged) show(tx, generation, touched);
  for (const localId of touched) keepOpenList(tx, localId);
  if (touched.size > 0) forget(tx, context.others, serverTimeMs);
}

/**
 * The part of an entry that is somebody else's. What this database has in its own journal, or is going to have back, needs
 * no second copy; a life that ended here and goes on elsewhere is another till's from there on.
 */
function othersIn({ journal, lives }: Context, entry: FeedEntry): FeedEntry | undefined {
  const { terminal, incarnation, bodies, fromSeq, toSeq } = entry;
  if (bodies === undefined) return undefined;
  const life = terminal === journal.terminal ? lives.find((each) => each.incarnation === incarnation) : undefined;
  if (life === undefined) return entry;
  const own = life === lives.at(-1) || life.compared === 0 ? toSeq : Math.max(life.headSeq, life.returnsTo);
  if (own >= toSeq) return undefined;
  const from = Math.max(fromSeq, own + 1);
  return { ...entry, fromSeq: from, bodies: bodies.slice(from - fromSeq) };
}

interface Page {
  readonly generation: number;
  readonly toldOn: string;
  /** Orders that it is about. */
  readonly touched: Set<string>;
}

function takeEntry(tx: Sql, entry: FeedEntry, { generation, toldOn, touched }: Page): void {
  const ordinal = lifeOf(tx, entry);
  for (const [index, body] of (entry.bodies ?? []).entries()) {
    const columns = entry.effect === "applied" || isReadable(body) ? columnsOf(body) : undefined;
    if (columns === undefined) continue;
    const { kind, localId, version, businessDate, receiptNumber, takenBack } = columns;
    const position = positionOf(ordinal, entry.fromSeq + index);
    const before = tx.get<{ localId: string }>(
      "SELECT local_id AS localId FROM other_change WHERE position = ?",
      position,
    );
    // A centre that was put back gives its places to other documents: what stood there is no more.
    if (before !== undefined && before.localId !== localId) touched.add(before.localId);
    tx.run(
      TAKE,
      position,
      kind,
      localId,
      version,
      businessDate,
      toldOn,
      receiptNumber,
      entry.effect,
      generation,
      generation,
      body,
    );
    if (takenBack !== undefined && entry.effect === "applied")
      tx.run("INSERT OR IGNORE INTO voided_order (local_id, by_local_id) VALUES (?, ?)", takenBack, localId);
    if (kind.startsWith("order.")) touched.add(localId);
  }
}

/** A place has one content for ever, but for those that the centre gives: restored from a backup, it gives them again. */
const TAKE = `
  INSERT INTO other_change (position, kind, local_id, version, business_date, told_on, receipt_number, effect, generation, told, body)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (position) DO UPDATE SET kind = excluded.kind, local_id = excluded.local_id, version = excluded.version,
    business_date = excluded.business_date, receipt_number = excluded.receipt_number, effect = excluded.effect,
    told_on = max(told_on, excluded.told_on), told = excluded.told, body = excluded.body`;

function lifeOf(tx: Sql, { terminal, incarnation }: FeedEntry): number {
  const find = () =>
    tx.get<{ ordinal: number }>(
      "SELECT ordinal FROM other_life WHERE terminal = ? AND incarnation = ?",
      terminal,
      incarnation,
    )?.ordinal;
  const known = find();
  if (known !== undefined) return known;
  tx.run("INSERT INTO other_life (terminal, incarnation) VALUES (?, ?)", terminal, incarnation);
  return find() ?? 0;
}

/**
 * What counts, the centre has read. What does not may be anything that somebody gave up: one that cannot be read would
 * make the whole order unreadable here.
 */
function isReadable(body: string): boolean {
  try {
    parseBody(body);
    return true;
  } catch {
    return false;
  }
}

const TOLD = /^(order|transaction)\./;

/**
 * Undefined for bytes that do not say what a change says: whoever gave such a one up made it known, and no byte of
 * somebody else's may keep this till from taking an answer.
 */
function columnsOf(body: string) {
  try {
    const { kind, localId, version, businessDate, payload } = JSON.parse(body) as Record<string, unknown>;
    if (typeof kind !== "string" || !TOLD.test(kind) || typeof localId !== "string" || typeof businessDate !== "string")
      return undefined;
    if (typeof version !== "number" || !Number.isSafeInteger(version)) return undefined;
    const { receiptNumber, number, documentType, original } = (payload ?? {}) as Record<string, unknown>;
    const printed = kind === "order.closed" ? receiptNumber : kind === "order.submitted" ? number : undefined;
    const { localId: takenBack } = ((documentType === "void" ? original : null) ?? {}) as { localId?: unknown };
    return {
      ...{ kind, localId, version, businessDate },
      receiptNumber: typeof printed === "string" ? printed : null,
      takenBack: typeof takenBack === "string" ? takenBack : undefined,
    };
  } catch {
    return undefined;
  }
}

/**
 * The past is complete: from this commit on it is seen. What tills did and the centre has lost comes again from them; what
 * devices and head office did has no other journal, and is gone with it.
 */
function show(tx: Sql, generation: number, touched: Set<string>): void {
  tx.run("UPDATE others SET generation = ?, joining = 0", generation);
  const gone = `told < ? AND position >> 40 IN (SELECT ordinal FROM other_life WHERE incarnation = '${CENTRAL_LIFE}')`;
  const rows = tx.all<{ localId: string }>(`SELECT local_id AS localId FROM other_change WHERE ${gone}`, generation);
  for (const { localId } of rows) touched.add(localId);
  tx.run(`DELETE FROM other_change WHERE ${gone}`, generation);
  for (const { localId } of tx.all<{ localId: string }>("SELECT local_id AS localId FROM other_staged"))
    touched.add(localId);
  tx.run("DELETE FROM other_staged");
}

/** `open_order` lists what is open now, whoever opened it. An order that ended anywhere never opens again. */
export function keepOpenList(tx: Sql, localId: string): void {
  const isOpen = tx.get<{ open: number }>(IS_OPEN, localId, localId, localId, localId);
  if (isOpen?.open === 1) tx.run("INSERT OR IGNORE INTO open_order (local_id) VALUES (?)", localId);
  else tx.run("DELETE FROM open_order WHERE local_id = ?", localId);
}

const ENDS = "kind IN ('order.closed', 'order.voided', 'order.deleted', 'order.withdrawn', 'order.submitted')";
const IS_OPEN = `
  SELECT EXISTS (SELECT 1 FROM other_change WHERE local_id = ? AND kind = 'order.edited' AND effect = 'applied'
      UNION ALL SELECT 1 FROM journal WHERE local_id = ? AND kind = 'order.edited')
    AND NOT EXISTS (SELECT 1 FROM other_change WHERE local_id = ? AND ${ENDS} AND effect = 'applied'
      UNION ALL SELECT 1 FROM journal WHERE local_id = ? AND ${ENDS}) AS open`;

/** Rows that go with one answer: more than come with most, so that the table stays as small as it should be. */
const FORGOTTEN_AT_ONCE = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Days are counted by head office's clock, from when this till was told: no till's wrong date makes a sale vanish. */
function forget(tx: Sql, { keepDays }: OthersSettings, serverTimeMs: number): void {
  const newestMs = Date.parse(`${newestDay(tx)}T00:00:00Z`);
  if (Number.isNaN(newestMs)) return;
  tx.run(
    `DELETE FROM other_change WHERE position IN (SELECT position FROM other_change
       WHERE told_on < ? AND local_id NOT IN (SELECT local_id FROM open_order) LIMIT ${FORGOTTEN_AT_ONCE})`,
    dayOf(Math.min(newestMs, serverTimeMs) - keepDays * DAY_MS),
  );
}

function newestDay(tx: Sql): string {
  return tx.get<{ day: string | null }>("SELECT max(told_on) AS day FROM other_change")?.day ?? "";
}

/** The last day that `YYYY-MM-DD` can say: a centre's clock beyond all calendars must not keep an answer from being taken. */
const LAST_MS = Date.UTC(9999, 11, 31);

function dayOf(atMs: number): string {
  return new Date(Math.max(0, Math.min(atMs, LAST_MS))).toISOString().slice(0, 10);
}
