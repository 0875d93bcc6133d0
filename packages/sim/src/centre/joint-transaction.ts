import type { SyncError } from "@tillsync/protocol";
import {
  collapse,
  type DocumentRow,
  entityKey,
  type FeedWish,
  type JointTransaction,
  type LifeStanding,
  type Mark,
  type TerminalLife,
  type WholeBatch,
} from "@tillsync/server/ingest";
import { lifeKey } from "./tables.ts";
import type { MemoryTransaction } from "./transaction.ts";

/** What `ingest/postgres-joint.ts` does in two packets, statement by statement on maps, with a moment between any two. */
export class MemoryJointTransaction implements JointTransaction {
  readonly #tx: MemoryTransaction;

  constructor(tx: MemoryTransaction) {
    this.#tx = tx;
  }

  async lock(
    lives: readonly (TerminalLife & { readonly cursor: string | null })[],
    wish: FeedWish,
  ): Promise<readonly (LifeStanding | undefined)[]> {
    const standings = new Map<string, LifeStanding>();
    for (const life of [...lives].sort((one, other) => (one.terminal < other.terminal ? -1 : 1))) {
      if (!(await this.#tx.lockEnrolled(life.terminal))) continue;
      if (this.#tx.view.lives.get(lifeKey(life.terminal, life.incarnation)) === undefined) continue;
      const mark = { ...(await this.#tx.markWithoutLock(life)), isSettled: this.#tx.isSettled() };
      standings.set(life.terminal, { mark, feed: await this.#feed(life, life.cursor, wish) });
    }
    return lives.map(({ terminal }) => standings.get(terminal));
  }

  async #feed(life: TerminalLife, cursor: string | null, wish: FeedWish): Promise<LifeStanding["feed"]> {
    try {
      return await this.#tx.feedAfter(life, cursor, wish);
    } catch (error) {
      if ((error as SyncError).code === "FEED_RESET") return undefined;
      throw error;
    }
  }

  blocked(localIds: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#tx.blocked(localIds);
  }

  async seen(lives: readonly (TerminalLife & { readonly headSeq: number })[], nowMs: number): Promise<void> {
    for (const life of lives) await this.#tx.seen(life, life.headSeq, nowMs);
  }

  async storeAtOnce(batches: readonly (TerminalLife & WholeBatch)[], nowMs: number): Promise<Mark["receipt"][]> {
    const receipts: Mark["receipt"][] = [];
    const documents: { readonly life: TerminalLife; readonly row: DocumentRow }[] = [];
    for (const { terminal, incarnation, changes, place, documents: rows } of batches) {
      const life = { terminal, incarnation };
      await this.#tx.store(life, changes, nowMs);
      receipts.push(await this.#tx.advance(life, place, nowMs));
      documents.push(...collapse(rows, terminal).map((row) => ({ life, row })));
    }
    documents.sort((one, other) => (entityKey(one.row) < entityKey(other.row) ? -1 : 1));
    for (const { life, row } of documents) await this.#tx.apply(life, [row]);
    for (const { terminal, incarnation, runs } of batches)
      await this.#tx.appendFeed({ terminal, incarnation }, runs, nowMs);
    return receipts;
  }
}
