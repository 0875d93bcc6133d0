import { type ExchangeRequest, type FeedEntry, LIMITS, type Sha256, toldCheck } from "@tillsync/protocol";
import { type Cursor, feedReset, formatCursor, type Join, parseCursor } from "./cursor.ts";
import {
  type Asker,
  ENTRIES_A_PAGE,
  isSound,
  kindsOf,
  outlineOf,
  pageDown,
  type Slice,
  type StoredBytes,
  soundOf,
  type Told,
} from "./feed-others.ts";
import { type FeedRow, fits, ownEntries, pageOf } from "./feed-page.ts";
import { passedOver } from "./narrowed.ts";
import type { FeedPage, FeedWish, TerminalLife } from "./ports.ts";

/** A change of an order that is open; of an order whose changes cannot be read, one without bytes. */
export interface OpenChange extends TerminalLife, StoredBytes {
  readonly localId: string;
}

/** What has to be read for a page of the feed: each method is one statement. */
export interface FeedReader {
  /** The counter, and entries behind `n`: of one terminal, or of all. */
  row(terminal: string | null, n: number, limit: number): Promise<FeedRow>;
  /** The changes of these kinds within the slices, in order, as many bytes of them as one answer has room for. */
  told(slices: readonly Slice[], kinds: readonly string[], scope: FeedWish["scope"]): Promise<readonly Told[]>;
  /** The last number whose commit was at or before a moment. */
  lastBefore(atMs: number, n: number): Promise<number>;
  /** Applied changes of the first orders behind `after` that are open, by localId. */
  openChanges(after: string, orders: number): Promise<readonly OpenChange[]>;
}

/** Days of closed orders that a terminal which begins without a cursor is given (design: `feed.keepDays`). */
export const KEEP_DAYS = 35;
const DAY_MS = 24 * 60 * 60 * 1000;

/** What a request wants to be told. */
export function wishOf({ feed = "own" }: ExchangeRequest, nowMs: number): FeedWish {
  return { scope: feed, limit: LIMITS.maxFeedEntries, sinceMs: nowMs - KEEP_DAYS * DAY_MS };
}

/** Whether a cursor is in the middle of an entry, or of joining, or of a terminal that was told less than it asked for. */
export function isUnderWay(cursor: string): boolean {
  return /[+~!]/.test(cursor);
}

/** Whether entries of all terminals are read for this wish, and how many of them. */
export function readsAll({ scope }: FeedWish, cursor: Cursor | null): boolean {
  return (scope === "store" || scope === "open") && cursor !== null && cursor.join?.phase !== "own";
}

/**
 * What one answer tells a terminal of the feed. A terminal that is told of others and has no cursor yet is led through the
 * past first: what became of its own changes, then the orders that are open, then the feed of the last weeks. Each page is
 * a transaction of its own; what is committed in between has a number above `until` and comes at the end, and a change that
 * comes twice is the same change (decision 0022).
 *
 * @throws SyncError FEED_RESET when the cursor is of another history
 */
export async function feedPage(
  reader: FeedReader,
  { life, storeId, sha256 }: Omit<Asker, "cursor">,
  token: string | null,
  wish: FeedWish,
): Promise<FeedPage> {
  if (wish.scope === "none" && token !== null) return { entries: [], cursor: token, more: false };
  const at = token === null ? null : parseCursor(token);
  if (at !== null && passedOver(at.told, wish)) throw feedReset();
  const page = await pageFor(reader, { life, storeId, sha256 }, at && { ...at, told: undefined }, wish);
  if (wish.isNarrowed !== true || wish.scope === "store" || wish.scope === "none") return page;
  return { ...page, cursor: formatCursor({ ...parseCursor(page.cursor), told: wish.scope }) };
}

async function pageFor(
  reader: FeedReader,
  { life, storeId, sha256 }: Omit<Asker, "cursor">,
  cursor: Cursor | null,
  wish: FeedWish,
): Promise<FeedPage> {
  if (wish.scope !== "store" && wish.scope !== "open") {
    const row = await reader.row(life.terminal, cursor?.n ?? 0, wish.limit + 1);
    return pageOf(row, { cursor, storeId, limit: wish.limit });
  }
  if (cursor === null) return begin(reader, { life, storeId, sha256 }, wish);
  const asker = { life, cursor, storeId, sha256 };
  if (cursor.join?.phase === "own") return ownPage(reader, asker, wish, cursor.join);
  if (cursor.join?.phase === "open") return openPage(reader, asker, cursor.join);
  const row = await reader.row(null, cursor.n, ENTRIES_A_PAGE + 1);
  const outline = outlineOf(row, life, cursor, storeId);
  const told = outline.slices.length === 0 ? [] : await reader.told(outline.slices, kindsOf(wish.scope), wish.scope);
  return pageDown(row, outline, soundOf(sha256, outline.slices, told), asker);
}

async function begin(reader: FeedReader, who: Omit<Asker, "cursor">, wish: FeedWish): Promise<FeedPage> {
  const { epoch, n, chain } = await reader.row(who.life.terminal, 0, 1);
  const start = { epoch, storeId: who.storeId, n: 0, chain };
  if (n === 0) return { entries: [], cursor: formatCursor(start), more: false };
  const from = wish.scope === "open" ? n + 1 : (await reader.lastBefore(wish.sinceMs, n)) + 1;
  const join = { until: n, phase: "own", from } as const;
  return ownPage(reader, { ...who, cursor: { ...start, join } }, wish, join);
}

async function ownPage(
  reader: FeedReader,
  { life, cursor, storeId }: Asker,
  wish: FeedWish,
  join: Extract<Join, { phase: "own" }>,
): Promise<FeedPage> {
  const row = await reader.row(life.terminal, cursor.n, wish.limit + 1);
  if (!fits(cursor, row, storeId)) throw feedReset();
  const before = row.entries.filter(({ n }) => n < join.from);
  const page = before.slice(0, wish.limit);
  const last = page.at(-1);
  if (before.length > wish.limit && last !== undefined)
    return joining(ownEntries(page), { ...cursor, n: last.n, chain: last.chain, join });
  const n = join.from - 1;
  const chain = n === row.n ? row.chain : ((await reader.row(life.terminal, n, 1)).cursorChain ?? "");
  return joining(ownEntries(page), { ...cursor, n, chain, join: { until: join.until, phase: "open", after: "" } });
}

/** Orders that are open in one page of them: a table has some ten changes. */
const ORDERS_A_PAGE = 50;

async function openPage(
  reader: FeedReader,
  { cursor, storeId, sha256 }: Asker,
  { until, after }: Extract<Join, { phase: "open" }>,
): Promise<FeedPage> {
  const row = await reader.row(null, cursor.n, 1);
  if (!fits(cursor, row, storeId)) throw feedReset();
  const changes = await reader.openChanges(after, ORDERS_A_PAGE);
  const orders = Map.groupBy(changes, ({ localId }) => localId);
  const entries: FeedEntry[] = [];
  let last = after;
  let bytes = 0;
  for (const [localId, ofOrder] of orders) {
    bytes += ofOrder.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
    if (bytes > LIMITS.maxFeedBytes && entries.length > 0)
      return joining(entries, { ...cursor, join: { until, phase: "open", after: last } });
    for (const change of ofOrder) if (isSound(sha256, change, change)) entries.push(openEntry(sha256, change, until));
    last = localId;
  }
  if (orders.size === ORDERS_A_PAGE)
    return joining(entries, { ...cursor, join: { until, phase: "open", after: last } });
  if (cursor.n < until) return joining(entries, { ...cursor, join: { until, phase: "feed" } });
  return { entries, cursor: formatCursor({ ...cursor, join: undefined }), more: row.n > cursor.n };
}

function openEntry(sha256: Sha256, { terminal, incarnation, seq, body }: OpenChange, n: number): FeedEntry {
  const entry = { n, terminal, incarnation, fromSeq: seq, toSeq: seq, effect: "applied" } as const;
  const bodies = body === null ? [] : [body];
  return { ...entry, bodies, check: toldCheck(sha256, entry, bodies) };
}

function joining(entries: readonly FeedEntry[], cursor: Cursor): FeedPage {
  return { entries, cursor: formatCursor(cursor), more: true, joining: true };
}
