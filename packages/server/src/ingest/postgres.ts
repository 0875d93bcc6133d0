import { CHAIN_START, type ChainPlace, type Comparison, type Entity, SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { codeOf, failureOf } from "../db/failure.ts";
import { inScope } from "../db/scope.ts";
import { sha256 } from "../ledger/sha256.ts";
import { feedPage, readsAll } from "./feed-down.ts";
import { ENTRIES_A_PAGE } from "./feed-others.ts";
import { cursorOf, type FeedRow } from "./feed-page.ts";
import { type MarkRow, monthOf, receiptOfRow } from "./mark-row.ts";
import { packed, packedDocuments } from "./packed.ts";
import {
  type DocumentRow,
  type EntityKey,
  entityKey,
  type FeedPage,
  type FeedWish,
  type ForkedRow,
  type IngestStore,
  type IngestTransaction,
  type Mark,
  type PendingChange,
  type Run,
  type Scope,
  type Standing,
  type StoredChange,
  type StoredEffect,
  type TerminalLife,
  type WholeBatch,
} from "./ports.ts";
import { type Foreseen, postgresFeed } from "./postgres-feed.ts";
import { PostgresJointTransaction } from "./postgres-joint.ts";
import { compareLife, keepForks } from "./postgres-lives.ts";
import { nameOf, type Query, queryIn } from "./postgres-query.ts";
import { readAround, readPrivate, writePrivate, writeRestored } from "./postgres-repair.ts";
import * as sql from "./statements.ts";
import { alreadyFinal, appendFeed, storeAtOnce } from "./store-at-once.ts";
import { tellAgain } from "./tell-again.ts";

/**
 * `IngestStore` on PostgreSQL.
 *
 * @param epochOf the life of this database as of the last look; without it, it is read once
 */
export async function postgresIngest(pool: pg.Pool, epochOf?: () => string): Promise<IngestStore> {
  const serverEpoch = epochOf === undefined ? await readEpoch(pool) : "";
  return {
    get serverEpoch() {
      return epochOf?.() ?? serverEpoch;
    },
    storesAtOnce: true,
    transaction: (scope, fn) => {
      const attempts = { needSavepoints: false };
      return inScope(pool, scope, (client) => fn(new PostgresTransaction(client, scope, attempts)));
    },
    jointTransaction: (scope, fn) => inScope(pool, scope, (client) => fn(new PostgresJointTransaction(client, scope))),
  };
}

async function readEpoch(pool: pg.Pool): Promise<string> {
  const { rows } = await inScope(pool, { orgId: 0, storeId: 0 }, (client) =>
    client.query<{ serverEpoch: string }>('SELECT server_epoch AS "serverEpoch" FROM server_identity'),
  );
  const serverEpoch = rows[0]?.serverEpoch;
  if (serverEpoch === undefined)
    throw new Error("server_identity is empty: the schema was not set up by its migrations");
  return serverEpoch;
}

class PostgresTransaction implements IngestTransaction {
  readonly #client: pg.PoolClient;
  readonly #scope: Scope;
  readonly #query: Query;
  readonly #attempts: { needSavepoints: boolean };
  /** What of the feed will be asked for, and what the statement of the mark brought of it. */
  #next: { readonly all: boolean; readonly n: number; readonly limit: number } | undefined;
  #foreseen: Foreseen | undefined;

  /** @param attempts shared by the runs of one transaction */
  constructor(client: pg.PoolClient, scope: Scope, attempts: { needSavepoints: boolean }) {
    this.#client = client;
    this.#scope = scope;
    this.#query = queryIn(client, scope);
    this.#attempts = attempts;
  }

  async lock(life: TerminalLife, nowMs: number): Promise<Mark> {
    // They travel together and run one after the other: the mark is read by a statement of its own, so it sees what the
    // transaction that held the lock before has committed.
    const locking = this.#query<{ kind: string }>(sql.LOCK_TERMINAL, life.terminal);
    const [[locked], mark] = await Promise.all([locking, this.#mark(life)]);
    if (locked === undefined) {
      throw new SyncError("FORBIDDEN", `Terminal ${life.terminal} is not enrolled in this store.`, {
        field: "terminal",
      });
    }
    if (mark) return { ...mark, ...locked };
    await this.#query(sql.INSERT_INCARNATION, life.terminal, life.incarnation, CHAIN_START, new Date(nowMs));
    const first = await this.#mark(life);
    if (first) return { ...first, ...locked };
    throw new Error("an incarnation vanished between two statements of one transaction");
  }

  /** With the feed, when that was said to be asked for next. */
  async #mark(life: TerminalLife): Promise<Mark | undefined> {
    const next = this.#next;
    const text = next ? (next.all ? sql.READ_MARK_AND_WHOLE_FEED : sql.READ_MARK_AND_FEED) : sql.READ_MARK;
    const more = next ? [next.n, next.limit] : [];
    const [row] = await this.#query<MarkRow & FeedRow>(text, life.terminal, life.incarnation, ...more);
    if (row === undefined) return undefined;
    const { receiptDate, receiptSequence, epoch, former, n, chain, cursorChain, entries, ...mark } = row;
    if (next) {
      const terminal = next.all ? null : life.terminal;
      const feed = { epoch, former, n, chain, cursorChain, entries };
      this.#foreseen = { terminal, n: next.n, limit: next.limit, row: feed };
    }
    return { ...mark, receipt: receiptOfRow({ receiptDate, receiptSequence }) };
  }

  async hashes(life: TerminalLife, fromSeq: number, toSeq: number): Promise<ReadonlyMap<number, string>> {
    const rows = await this.#query<{ seq: number; hash: string }>(
      sql.READ_HASHES,
      life.terminal,
      life.incarnation,
      fromSeq,
      toSeq,
    );
    return new Map(rows.map(({ seq, hash }) => [seq, hash]));
  }

  async knownChangeIds(
    changeIds: readonly string[],
    except?: TerminalLife & { readonly seq: number },
  ): Promise<ReadonlySet<string>> {
    if (changeIds.length === 0) return new Set();
    const place = [except?.terminal ?? null, except?.incarnation ?? null, except?.seq ?? null];
    const rows = await this.#query<{ changeId: string }>(sql.KNOWN_CHANGE_IDS, changeIds, ...place);
    return new Set(rows.map(({ changeId }) => changeId));
  }

  async blocked(
    localIds: readonly string[],
    before?: TerminalLife & { readonly seq: number },
  ): Promise<ReadonlySet<string>> {
    if (localIds.length === 0) return new Set();
    const place = [before?.terminal ?? null, before?.incarnation ?? null, before?.seq ?? null];
    const rows = await this.#query<{ localId: string }>(sql.BLOCKED, localIds, ...place);
    return new Set(rows.map(({ localId }) => localId));
  }

  async store(life: TerminalLife, changes: readonly StoredChange[], nowMs: number): Promise<void> {
    const { rows, bytes } = packed([changes]);
    const at = new Date(nowMs);
    const parameters = [JSON.stringify(rows), at, monthOf(at), bytes];
    try {
      await this.#query(sql.STORE_CHANGES, life.terminal, life.incarnation, ...parameters);
    } catch (error) {
      throw isTakenMeanwhile(error) ? new RunAgainError("another terminal stored the same changeId", error) : error;
    }
  }

  keepForks(life: TerminalLife, rows: readonly ForkedRow[], nowMs: number): Promise<void> {
    return keepForks(this.#query, life, rows, nowMs);
  }

  compare(life: TerminalLife, places: readonly ChainPlace[]): Promise<Comparison> {
    return compareLife(this.#query, life, places);
  }

  async repair(life: TerminalLife, seq: number, change: Parameters<IngestTransaction["repair"]>[2]): Promise<void> {
    const { body, changeId, kind, localId, repeat, hash, origin } = change;
    const place = [life.terminal, life.incarnation, seq];
    await this.#query(sql.REPAIR_BODY, ...place, Buffer.from(body, "utf8"));
    await this.#query(sql.REPAIR_HEAD, ...place, changeId, kind, localId, repeat, hash, origin);
    if (localId !== null) await this.#query(sql.WAKE_WAITING, localId);
  }

  around(life: TerminalLife, seqs: readonly number[]): ReturnType<IngestTransaction["around"]> {
    return readAround((text, ...params) => this.#query(text, ...params), life, seqs);
  }

  privateOf(life: TerminalLife, seq: number): ReturnType<IngestTransaction["privateOf"]> {
    return readPrivate((text, ...params) => this.#query(text, ...params), life, seq);
  }

  restorePrivate(life: TerminalLife, seq: number, text: string | null): Promise<void> {
    return writePrivate((sqlText, ...params) => this.#query(sqlText, ...params), life, { seq, text });
  }

  restore(life: TerminalLife, flaws: Parameters<IngestTransaction["restore"]>[1]): Promise<void> {
    return writeRestored((text, ...params) => this.#query(text, ...params), life, flaws);
  }

  async rejudge(life: TerminalLife, seqs: readonly number[], healed: readonly number[]): Promise<void> {
    await this.#query(sql.REJUDGE, life.terminal, life.incarnation, seqs, healed);
  }

  async damaged(life: TerminalLife, fromSeq: number, limit: number) {
    type Row = { seq: number; hash: string; prevHash: string | null; origin: StoredChange["origin"] };
    const rows = await this.#query<Row>(sql.READ_DAMAGED, life.terminal, life.incarnation, fromSeq, limit);
    return rows.map((row) => ({ ...row, prevHash: row.prevHash ?? CHAIN_START }));
  }

  /**
   * At first without a savepoint, which costs two round trips and nearly never is used. When the attempt fails, the whole
   * transaction runs again, with savepoints.
   */
  async attempt(fn: () => Promise<void>): Promise<unknown> {
    if (this.#attempts.needSavepoints) return this.#attemptWithSavepoint(fn);
    try {
      await fn();
      return undefined;
    } catch (failure) {
      if (failureOf(failure) !== undefined) throw failure;
      this.#attempts.needSavepoints = true;
      throw new RunAgainError("an attempt failed without a savepoint", failure);
    }
  }

  async #attemptWithSavepoint(fn: () => Promise<void>): Promise<unknown> {
    await this.#client.query("SAVEPOINT attempt");
    try {
      await fn();
    } catch (failure) {
      // Rolling back fails too when the connection is gone; that error then ends the whole transaction, as it must.
      await this.#client.query("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt");
      // A full disk, a time-out, another writer: not the change's fault, so it must not be parked for it.
      if (failureOf(failure) !== undefined) throw failure;
      return failure;
    }
    await this.#client.query("RELEASE SAVEPOINT attempt");
    return undefined;
  }

  async apply(life: TerminalLife, documents: readonly DocumentRow[]): Promise<void> {
    if (documents.length === 0) return;
    const { rows, events, hasEvents } = packedDocuments(documents);
    const place = [life.terminal, life.incarnation];
    const [written] = await Promise.all([
      this.#count(sql.UPSERT_DOCUMENTS, ...place, rows),
      hasEvents ? this.#query(sql.INSERT_EVENTS, ...place, events) : undefined,
    ]);
    if (written !== documents.length) throw alreadyFinal();
  }

  storeAtOnce(life: TerminalLife, batch: WholeBatch): Promise<Mark["receipt"]> | undefined {
    return this.#attempts.needSavepoints ? undefined : this.#storeAtOnce(life, batch);
  }

  /** Fails as a whole: then the transaction runs again, statement by statement, and finds out what it was. */
  async #storeAtOnce(life: TerminalLife, batch: WholeBatch): Promise<Mark["receipt"]> {
    try {
      const [receipt = null] = await storeAtOnce(this.#query, [{ ...life, ...batch }], batch.nowMs);
      return receipt;
    } catch (failure) {
      if (failureOf(failure) !== undefined && !isTakenMeanwhile(failure)) throw failure;
      this.#attempts.needSavepoints = true;
      throw new RunAgainError("a batch could not be stored at once", failure);
    }
  }

  async document(entity: Entity, localId: string): Promise<Standing | undefined> {
    const [row] = await this.#query<Standing>(sql.READ_DOCUMENT, entity, localId);
    return row;
  }

  async standings(keys: readonly EntityKey[]): Promise<ReadonlyMap<string, Standing>> {
    if (keys.length === 0) return new Map();
    const rows = await this.#query<Standing & EntityKey>(sql.READ_STANDINGS, JSON.stringify(keys));
    return new Map(rows.map((row) => [entityKey(row), row]));
  }

  async effectsOf(changeIds: readonly string[]): Promise<ReadonlyMap<string, StoredEffect>> {
    if (changeIds.length === 0) return new Map();
    const rows = await this.#query<StoredEffect & { changeId: string }>(sql.EFFECTS_OF, changeIds);
    return new Map(rows.map(({ changeId, ...row }) => [changeId, row]));
  }

  async setEffect(life: TerminalLife, runs: readonly Run[]): Promise<void> {
    for (const { fromSeq, toSeq, effect, code, message } of runs)
      await this.#query(sql.SET_EFFECT, life.terminal, life.incarnation, fromSeq, toSeq, effect, code, message);
  }

  async setPending(life: TerminalLife, fromSeq: number, toSeq: number): Promise<void> {
    await this.#query(sql.SET_PENDING, life.terminal, life.incarnation, fromSeq, toSeq);
  }

  async resolve(life: TerminalLife, seq: number, how: Parameters<IngestTransaction["resolve"]>[2]): Promise<boolean> {
    const { effect, code, message } = how === "retry" ? PENDING : how;
    const place = [life.terminal, life.incarnation, seq];
    const [row] = await this.#query<{ localId: string | null }>(sql.RESOLVE_PARKED, ...place, effect, code, message);
    if (row === undefined) return false;
    if (row.localId !== null) await this.#query(sql.WAKE_WAITING, row.localId);
    return true;
  }

  async pending(terminal: string, limit: number): Promise<readonly PendingChange[]> {
    type Row = Omit<PendingChange, "body" | "private"> & { body: Buffer | null; private: Buffer | null };
    const rows = await this.#query<Row>(sql.READ_PENDING, terminal, limit);
    return rows.map((row) => ({
      ...row,
      body: row.body?.toString("utf8") ?? "",
      private: row.private?.toString("utf8") ?? null,
    }));
  }

  async advance(
    life: TerminalLife,
    mark: Parameters<IngestTransaction["advance"]>[1],
    nowMs: number,
  ): Promise<Mark["receipt"]> {
    const { durableThrough, chainHash, headSeq, receipt } = mark;
    const params = [
      durableThrough,
      chainHash,
      headSeq,
      new Date(nowMs),
      receipt?.businessDate ?? null,
      receipt?.sequence ?? null,
    ];
    type Row = Pick<MarkRow, "receiptDate" | "receiptSequence">;
    const [row] = await this.#query<Row>(sql.ADVANCE, life.terminal, life.incarnation, ...params);
    return row ? receiptOfRow(row) : null;
  }

  async seen(life: TerminalLife, headSeq: number, nowMs: number): Promise<void> {
    await this.#query(sql.SEEN, life.terminal, life.incarnation, new Date(nowMs), headSeq);
  }

  async appendFeed(life: TerminalLife, runs: readonly Run[], nowMs: number): Promise<void> {
    await appendFeed(this.#query, [{ ...life, runs }], nowMs);
  }

  tellAgain(life: TerminalLife, seqs: readonly number[], nowMs: number): Promise<void> {
    return tellAgain(this.#query, life, seqs, nowMs);
  }

  async renewFeed(epoch: string): Promise<boolean> {
    return (await this.#query<{ n: number }>(sql.RENEW_FEED, epoch)).length > 0;
  }

  foreseeFeed(token: string | null, wish: FeedWish): void {
    const cursor = token === null ? null : cursorOf(token);
    if (cursor === undefined || (wish.scope === "none" && token !== null)) return;
    const all = readsAll(wish, cursor);
    this.#next = { all, n: cursor?.n ?? 0, limit: (all ? ENTRIES_A_PAGE : wish.limit) + 1 };
  }

  feedAfter(life: TerminalLife, token: string | null, wish: FeedWish): Promise<FeedPage> {
    const reader = postgresFeed(this.#query, this.#foreseen);
    return feedPage(reader, { life, storeId: this.#scope.storeId, sha256 }, token, wish);
  }

  async #count(text: string, ...params: readonly unknown[]): Promise<number> {
    const { orgId, storeId } = this.#scope;
    const { rowCount } = await this.#client.query({ name: nameOf(text), text, values: [orgId, storeId, ...params] });
    return rowCount ?? 0;
  }
}

const PENDING = { effect: "pending", code: null, message: null } as const;

/** Two terminals stored the same changeId at the same moment, and the other one was first. */
function isTakenMeanwhile(error: unknown): boolean {
  return codeOf(error) === "23505" && (error as { constraint?: unknown }).constraint === "change_once";
}

/** Runs the transaction again, as for any conflict between writers; what it took for granted is looked at then. */
class RunAgainError extends Error {
  readonly code = "40001";

  constructor(message: string, cause: unknown) {
    super(message, { cause });
  }
}
