import type pg from "pg";
import { inRelay, inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import { findParted, findReceiptsTwice } from "./find-parted.ts";
import { payloadOf, type Run, readChange } from "./search.ts";
import * as sql from "./statements.ts";

/** Entries of the feed that one transaction searches. */
const ENTRIES_AT_ONCE = 500;

/**
 * Searches what the feed of a store tells since the last time for what people have to settle. It follows the feed, behind
 * ingest and outside its transactions; whoever searches holds the mark, so that two servers do not do it twice.
 */
export async function findTasks(pool: pg.Pool, scope: Scope, nowMs: number): Promise<void> {
  for (let more = true; more; ) {
    more = await inScope(pool, scope, async (client) => {
      const run: Run = async <Row extends object>(text: string, ...params: readonly unknown[]) =>
        (await client.query<Row>(text, [scope.orgId, scope.storeId, ...params])).rows;
      await run(sql.FIRST_MARK);
      const [mark] = await run<{ n: number }>(sql.LOCK_MARK);
      const [end] = await run<{ n: number }>(sql.FEED_END);
      if (mark === undefined || end === undefined || mark.n >= end.n) return false;
      const upTo = Math.min(end.n, mark.n + ENTRIES_AT_ONCE);
      const at = new Date(nowMs);
      await findPaidTwice(run, [mark.n, upTo], at);
      await findRefunds(run, [mark.n, upTo], at);
      await findParted(run, [mark.n, upTo], at);
      await findReceiptsTwice(run, [mark.n, upTo], at);
      await run(sql.MOVE_MARK, upTo);
      return upTo < end.n;
    });
  }
}

/** A payment as a receipt shows it. */
interface Payment {
  /** Null when the bytes were lost. Not the number: a copied till gives the same one again. */
  readonly changeId: string | null;
  readonly terminal: string;
  readonly receiptNumber: string | null;
  readonly currency: string | null;
  readonly totalMinor: number | null;
  readonly tenders: unknown;
}

interface LostClosing {
  readonly localId: string;
  readonly state: string;
  readonly terminal: string;
  readonly body: Buffer | null;
  readonly standingTerminal: string;
  readonly standingBody: Buffer | null;
}

/** The money of both is in its drawer; the sale and its stock count once. */
async function findPaidTwice(run: Run, between: readonly [number, number], at: Date): Promise<void> {
  for (const row of await run<LostClosing>(sql.LOST_CLOSINGS, ...between)) {
    const kind = row.state === "closed" ? "paid-twice" : "paid-after-end";
    const standing = row.state === "closed" ? [paymentOf(row.standingTerminal, row.standingBody)] : [];
    const known = await run<{ evidence: { receipts: Payment[] } }>(sql.READ_EVIDENCE, kind, row.localId);
    const all = [...standing, ...(known[0]?.evidence.receipts ?? []), paymentOf(row.terminal, row.body)];
    const receipts = [
      ...new Map(all.map((one) => [one.changeId ?? `${one.terminal} ${one.receiptNumber}`, one])).values(),
    ];
    await run(sql.RAISE, kind, row.localId, JSON.stringify({ state: row.state, receipts }), at);
  }
}

function paymentOf(terminal: string, body: Buffer | null): Payment {
  const { changeId, payload } = readChange(body);
  const { receiptNumber = null, currency = null, totalMinor = null, tenders = [] } = payload as Partial<Payment>;
  return { terminal, changeId, receiptNumber, currency, totalMinor, tenders };
}

interface Refund {
  readonly original?: { readonly localId?: string; readonly receiptNumber?: string };
  readonly currency?: string;
  readonly totalMinor?: number;
}

async function findRefunds(run: Run, between: readonly [number, number], at: Date): Promise<void> {
  for (const { localId, body } of await run<{ localId: string; body: Buffer | null }>(sql.REFUNDS, ...between)) {
    const { original, currency, totalMinor = 0 } = payloadOf(body) as Refund;
    if (original === undefined || currency === undefined || totalMinor >= 0) continue;
    const { localId: originalId = null, receiptNumber = null } = original;
    await run(sql.KEEP_REFUND, localId, originalId, receiptNumber, currency, -totalMinor);
  }
  const verified = await run<{ original: string }>(sql.VERIFY_REFUNDS);
  if (verified.length === 0) return;
  const originals = [...new Set(verified.map(({ original }) => original))];
  for (const { localId, ...evidence } of await run<{ localId: string }>(sql.EXCEEDED, originals))
    await run(sql.RAISE, "refund-exceeds", localId, JSON.stringify(evidence), at);
}

/** Looks after every store whose feed has moved since this server last looked; at a start, after all of them. */
export class TaskSweep {
  readonly #pool: pg.Pool;
  readonly #nowMs: () => number;
  readonly #seen = new Map<number, number>();

  constructor(pool: pg.Pool, nowMs: () => number) {
    this.#pool = pool;
    this.#nowMs = nowMs;
  }

  /** @throws the first failure, after all other stores were looked after */
  async round(): Promise<void> {
    const text = `SELECT org_id AS "orgId", store_id AS "storeId", n::float8 AS n FROM feed_counter`;
    const { rows } = await inRelay(this.#pool, (client) => client.query<Scope & { n: number }>(text));
    const failures: unknown[] = [];
    for (const { orgId, storeId, n } of rows) {
      if (this.#seen.get(storeId) === n) continue;
      try {
        await findTasks(this.#pool, { orgId, storeId }, this.#nowMs());
        this.#seen.set(storeId, n);
      } catch (error) {
        failures.push(error); // one store in trouble is no reason to leave the others
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
