import type pg from "pg";
import { sha256 } from "../ledger/sha256.ts";
import { ENTRIES_A_PAGE, kindsOf, outlineOf, pageDown, type Slice, soundOf } from "./feed-others.ts";
import { cursorOf, type FeedRow, fits, pageOf } from "./feed-page.ts";
import { type MarkRow, receiptOfRow } from "./mark-row.ts";
import type { FeedWish, JointTransaction, LifeStanding, Mark, Scope, TerminalLife, WholeBatch } from "./ports.ts";
import { readTold } from "./postgres-feed.ts";
import { type Query, queryIn } from "./postgres-query.ts";
import * as sql from "./statements.ts";
import { livesOf, storeAtOnce } from "./store-at-once.ts";

/** A transaction of several terminals on PostgreSQL. */
export class PostgresJointTransaction implements JointTransaction {
  readonly #query: Query;
  readonly #scope: Scope;

  constructor(client: pg.PoolClient, scope: Scope) {
    this.#query = queryIn(client, scope);
    this.#scope = scope;
  }

  async lock(
    lives: readonly (TerminalLife & { readonly cursor: string | null })[],
    wish: FeedWish,
  ): Promise<readonly (LifeStanding | undefined)[]> {
    const [terminals, incarnations] = livesOf(lives);
    const cursors = lives.map(({ cursor }) => (cursor === null ? null : cursorOf(cursor)));
    const from = cursors.map((cursor) => cursor?.n ?? 0);
    const all = wish.scope === "store" || wish.scope === "open";
    const [text, limit] = all
      ? [sql.READ_MARKS_AND_WHOLE_FEEDS, ENTRIES_A_PAGE]
      : [sql.READ_MARKS_AND_FEEDS, wish.limit];
    // They travel together and run one after the other: what is read comes after the locks are held.
    const [locked, rows] = await Promise.all([
      this.#query<{ terminal: string; kind: string }>(sql.LOCK_TERMINALS, terminals),
      this.#query<StandingRow>(text, terminals, incarnations, from, limit + 1),
    ]);
    const kinds = new Map(locked.map(({ terminal, kind }) => [terminal, kind]));
    const found = rows.flatMap(({ life, receiptDate, receiptSequence, ...rest }) => {
      const { epoch, former, n, chain, cursorChain, entries, ...mark } = rest;
      const [who, cursor] = [lives[life - 1], cursors[life - 1]];
      const kind = kinds.get(who?.terminal ?? "");
      if (who === undefined || kind === undefined) return [];
      const receipt = receiptOfRow({ receiptDate, receiptSequence });
      const row = { epoch, former, n, chain, cursorChain, entries };
      return { life: who, cursor, mark: { ...mark, kind, receipt }, row };
    });
    const feeds = all ? await this.#othersToo(found, wish) : found.map((one) => this.#page(one, wish.limit));
    const standings = new Map(found.map(({ life, mark }, index) => [life, { mark, feed: feeds[index] }]));
    return lives.map((life) => standings.get(life));
  }

  #page({ row, cursor }: Found, limit: number): LifeStanding["feed"] {
    if (cursor === undefined || (cursor !== null && !fits(cursor, row, this.#scope.storeId))) return undefined;
    return pageOf(row, { cursor, storeId: this.#scope.storeId, limit });
  }

  /** Most of them are told the same: what any of them is told is read once. */
  async #othersToo(found: readonly Found[], wish: FeedWish): Promise<LifeStanding["feed"][]> {
    const { storeId } = this.#scope;
    const outlines = found.map(({ life, cursor, row }) =>
      cursor === undefined || cursor === null || !fits(cursor, row, storeId)
        ? undefined
        : { asker: { life, cursor, storeId, sha256 }, outline: outlineOf(row, life, cursor, storeId) },
    );
    const slices = unionOf(outlines.flatMap((one) => one?.outline.slices ?? []));
    const read = slices.length === 0 ? [] : await readTold(this.#query, slices, kindsOf(wish.scope), wish.scope);
    const told = soundOf(sha256, slices, read);
    return outlines.map((one, index) => {
      const row = found[index]?.row;
      return one === undefined || row === undefined ? undefined : pageDown(row, one.outline, told, one.asker);
    });
  }

  async blocked(localIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (localIds.length === 0) return new Set();
    const rows = await this.#query<{ localId: string }>(sql.BLOCKED, localIds, null, null, null);
    return new Set(rows.map(({ localId }) => localId));
  }

  async seen(lives: readonly (TerminalLife & { readonly headSeq: number })[], nowMs: number): Promise<void> {
    if (lives.length === 0) return;
    const reach = lives.map(({ headSeq }) => headSeq);
    await this.#query(sql.SEEN_ALL, ...livesOf(lives), new Date(nowMs), reach);
  }

  async storeAtOnce(
    batches: readonly (TerminalLife & WholeBatch)[],
    nowMs: number,
  ): Promise<readonly Mark["receipt"][]> {
    return batches.length === 0 ? [] : storeAtOnce(this.#query, batches, nowMs);
  }
}

interface StandingRow extends MarkRow, FeedRow {
  readonly life: number;
}

interface Found {
  readonly life: TerminalLife;
  /** Undefined for a token that is none of ours. */
  readonly cursor: ReturnType<typeof cursorOf> | null;
  readonly mark: Mark;
  readonly row: FeedRow;
}

/** Of slices of one entry the one that reaches furthest: in a shared transaction all begin where their entry does. */
function unionOf(slices: readonly Slice[]): Slice[] {
  const byEntry = new Map<number, Slice>();
  for (const slice of slices) {
    const other = byEntry.get(slice.n);
    if (other === undefined || other.toSeq < slice.toSeq) byEntry.set(slice.n, slice);
  }
  return [...byEntry.values()].sort((one, other) => one.n - other.n);
}
