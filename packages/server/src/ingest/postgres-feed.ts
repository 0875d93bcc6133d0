import { LIMITS } from "@tillsync/protocol";
import type { FeedReader, OpenChange } from "./feed-down.ts";
import type { Slice, Told } from "./feed-others.ts";
import type { FeedRow } from "./feed-page.ts";
import type { FeedWish } from "./ports.ts";
import type { Query } from "./postgres-query.ts";
import * as sql from "./statements.ts";

/** A row of the feed that another statement brought already. */
export interface Foreseen {
  readonly terminal: string | null;
  readonly n: number;
  readonly limit: number;
  readonly row: FeedRow;
}

/** Reads the feed of one store on PostgreSQL. */
export function postgresFeed(query: Query, foreseen: Foreseen | undefined): FeedReader {
  return {
    row: async (terminal, n, limit) => {
      if (foreseen?.terminal === terminal && foreseen.n === n && foreseen.limit === limit) return foreseen.row;
      const [row] = await (terminal === null
        ? query<FeedRow>(sql.READ_WHOLE_FEED, n, limit)
        : query<FeedRow>(sql.READ_FEED, terminal, n, limit));
      if (row === undefined) throw new Error("this store has no feed counter: it was not made by enrolment");
      return row;
    },
    told: (slices, kinds, scope) => readTold(query, slices, kinds, scope),
    lastBefore: (atMs, n) => lastBefore(query, atMs, n),
    openChanges: async (after, orders) => {
      const rows = await query<Bytes<OpenChange>>(sql.READ_OPEN_ORDERS, after, orders);
      return rows.map((row) => ({ ...row, body: textOf(row.body) }));
    },
  };
}

type Bytes<T> = Omit<T, "body"> & { readonly body: Buffer | null };

export async function readTold(
  query: Query,
  slices: readonly Slice[],
  kinds: readonly string[],
  scope: FeedWish["scope"],
): Promise<readonly Told[]> {
  const parameters = [JSON.stringify(slices), kinds, LIMITS.maxFeedBytes, scope === "open"];
  const rows = await query<Bytes<Told>>(sql.READ_TOLD, ...parameters);
  return rows.map((row) => ({ ...row, body: textOf(row.body) }));
}

function textOf(bytes: Buffer | null): string | null {
  return bytes?.toString("utf8") ?? null;
}

/** Times of commits rise with their numbers, so the primary key is enough. */
async function lastBefore(query: Query, atMs: number, n: number): Promise<number> {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [row] = await query<{ atMs: number }>(sql.READ_COMMIT_TIME, middle);
    // An entry that is not there any more was long ago.
    if ((row?.atMs ?? 0) <= atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}
