import { SyncError } from "@tillsync/protocol";
import { positionOf } from "./journal.ts";
import type { Sql } from "./ports.ts";

/** What a till holds that is nowhere else yet, or that nobody has compared: to be gone before its folder may go. */
export interface Unsettled {
  /** Changes that the centre lacks, of all lives. */
  readonly changes: number;
  /** Closed orders of those. */
  readonly sales: number;
  readonly openShifts: number;
  /** Closed, and not yet found the same at the centre. */
  readonly unsettledShifts: number;
  readonly openOrders: number;
}

/** Reads it from the till's database, whichever release wrote that. */
export function unsettledOf(read: Pick<Sql, "all">): Unsettled {
  const count = (sql: string, ...params: number[]) => read.all<{ count: number }>(sql, ...params)[0]?.count ?? 0;
  const lives = read.all<{ ordinal: number; through: number }>("SELECT ordinal, durable_through AS through FROM life");
  let [changes, sales] = [0, 0];
  for (const { ordinal, through } of lives) {
    const lacking = "FROM journal WHERE position > ? AND position < ?";
    const [from, to] = [positionOf(ordinal, through), positionOf(ordinal + 1, 0)];
    changes += count(`SELECT count(*) AS count ${lacking}`, from, to);
    sales += count(`SELECT count(*) AS count ${lacking} AND kind = 'order.closed'`, from, to);
  }
  const compares = count("SELECT count(*) AS count FROM sqlite_schema WHERE name = 'settlement'") > 0;
  return {
    changes,
    sales,
    openShifts: count("SELECT count(*) AS count FROM shift WHERE closed_at IS NULL"),
    unsettledShifts: compares
      ? count(`SELECT count(*) AS count FROM shift WHERE closed_at IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM settlement WHERE position = shift.ordinal * ${positionOf(1, 0)} + shift.close_seq
          AND state IN ('settled', 'settled-with-exceptions'))`)
      : count("SELECT count(*) AS count FROM shift WHERE closed_at IS NOT NULL"),
    openOrders: count("SELECT count(*) AS count FROM open_order"),
  };
}

/** What there is of it, for people; undefined when nothing is. */
export function sayUnsettled({
  changes,
  sales,
  openShifts,
  unsettledShifts,
  openOrders,
}: Unsettled): string | undefined {
  const parts = [
    [changes, `${changes} changes that head office lacks (${sales} sales)`],
    [openShifts, "an open shift"],
    [unsettledShifts, `${unsettledShifts} closed shifts that were not compared with head office`],
    [openOrders, `${openOrders} open orders`],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([, text]) => text);
  return said.length === 0 ? undefined : said.join(", ");
}

/** @throws SyncError UNSETTLED, which says how much of what */
export function refuseUnsettled(unsettled: Unsettled): void {
  const said = sayUnsettled(unsettled);
  if (said === undefined) return;
  throw new SyncError("UNSETTLED", `This till still holds ${said}. Nothing was taken away.`, { ...unsettled });
}
