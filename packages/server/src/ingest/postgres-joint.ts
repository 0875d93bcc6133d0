import type pg from "pg";
import { cursorOf, type FeedRow, fits, pageOf } from "./feed-page.ts";
import { type MarkRow, receiptOfRow } from "./mark-row.ts";
import type { JointTransaction, LifeStanding, Mark, Scope, TerminalLife, WholeBatch } from "./ports.ts";
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
    feedLimit: number,
  ): Promise<readonly (LifeStanding | undefined)[]> {
    const [terminals, incarnations] = livesOf(lives);
    const cursors = lives.map(({ cursor }) => (cursor === null ? null : cursorOf(cursor)));
    const from = cursors.map((cursor) => cursor?.n ?? 0);
    // They travel together and run one after the other: what is read comes after the locks are held.
    const [locked, rows] = await Promise.all([
      this.#query<{ terminal: string }>(sql.LOCK_TERMINALS, terminals),
      this.#query<StandingRow>(sql.READ_MARKS_AND_FEEDS, terminals, incarnations, from, feedLimit + 1),
    ]);
    const enrolled = new Set(locked.map(({ terminal }) => terminal));
    const standings: (LifeStanding | undefined)[] = lives.map(() => undefined);
    for (const { life, receiptDate, receiptSequence, epoch, n, chain, cursorChain, entries, ...mark } of rows) {
      const index = life - 1;
      if (!enrolled.has(terminals[index] ?? "")) continue;
      const receipt = receiptOfRow({ receiptDate, receiptSequence });
      const feed = this.#page({ epoch, n, chain, cursorChain, entries }, cursors[index], feedLimit);
      standings[index] = { mark: { ...mark, receipt }, feed };
    }
    return standings;
  }

  #page(row: FeedRow, cursor: ReturnType<typeof cursorOf> | null, limit: number): LifeStanding["feed"] {
    if (cursor === undefined || (cursor !== null && !fits(cursor, row, this.#scope.storeId))) return undefined;
    return pageOf(row, { cursor, storeId: this.#scope.storeId, limit });
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
