import { sha256 } from "@tillsync/engine";
import { CHAIN_START, type ChainPlace, type Comparison, type Entity, SyncError } from "@tillsync/protocol";
import {
  canFollow,
  type DocumentRow,
  type EntityKey,
  entityKey,
  type FeedPage,
  type FeedWish,
  type ForkedRow,
  feedPage,
  type IngestTransaction,
  type Mark,
  type PendingChange,
  type Run,
  type Scope,
  type Standing,
  type StoredChange,
  type StoredEffect,
  type TerminalLife,
} from "@tillsync/server/ingest";
import type { CentreDatabase } from "./database.ts";
import { appendRuns, memoryFeed, renewIn, tellableRuns } from "./feed.ts";
import { compareLife, keepForks, putEvents } from "./lives.ts";
import { Conflict } from "./locks.ts";
import { View } from "./overlay.ts";
import { refuseDate, refuseNul } from "./postgres-limits.ts";
import { markDue, repaired, rowsAround, shiftsOf, waitingFor, withPrivate, woken } from "./repairs.ts";
import { blocks, count, isLost, isOf, laterReceipt, PENDING, type Place, RESOLVABLE, UNSETTLED } from "./row-rules.ts";
import type { Session } from "./session.ts";
import { COUNTER, documentKey, type HeadRow, headKey, type LifeRow, lifeKey } from "./tables.ts";

/** The statements of `server/src/ingest/statements.ts`, one method each, on maps. */
export class MemoryTransaction implements IngestTransaction {
  readonly view: View;
  readonly #database: CentreDatabase;
  readonly #scope: Scope;
  readonly #session: Session;

  constructor(database: CentreDatabase, scope: Scope, session: Session) {
    this.#database = database;
    this.#scope = scope;
    this.#session = session;
    this.view = new View(database.store(scope.storeId));
  }

  get storeId(): number {
    return this.#scope.storeId;
  }

  async lock(life: TerminalLife, _nowMs: number): Promise<Mark> {
    if (!(await this.lockEnrolled(life.terminal))) {
      throw new SyncError("FORBIDDEN", `Terminal ${life.terminal} is not enrolled in this store.`, {
        field: "terminal",
      });
    }
    return this.markWithoutLock(life);
  }

  /** @returns false, and nothing is locked, when the store has no such terminal */
  async lockEnrolled(terminal: string): Promise<boolean> {
    await this.#session.pause("before lock");
    if (!this.#database.isEnrolled(this.#scope.storeId, terminal)) return false;
    await this.#lock(`terminal/${terminal}`);
    return true;
  }

  /** Nothing in this store waits or is parked. */
  isSettled(): boolean {
    for (const { effect } of this.view.heads.values()) if (UNSETTLED.has(effect)) return false;
    return true;
  }

  async markWithoutLock(life: TerminalLife): Promise<Mark> {
    const key = lifeKey(life.terminal, life.incarnation);
    let row = this.view.lives.get(key);
    if (row === undefined) {
      const ordinal = count(this.view.lives.values(), ({ terminal }) => terminal === life.terminal) + 1;
      row = {
        ...life,
        ordinal,
        durableThrough: 0,
        chainHash: CHAIN_START,
        backedUpThrough: 0,
        receipt: null,
        headSeq: 0,
      };
      this.view.lives.put(key, row);
    }
    return this.#markOf(row);
  }

  #markOf({ terminal, incarnation, headSeq: _head, ...mark }: LifeRow): Mark {
    let hasPending = false;
    let hasDamaged = false;
    for (const row of this.view.heads.values()) {
      if (row.terminal !== terminal) continue;
      hasPending ||= row.effect === "pending";
      hasDamaged ||= row.damaged && row.incarnation === incarnation;
    }
    return { ...mark, hasPending, hasDamaged };
  }

  async hashes(life: TerminalLife, fromSeq: number, toSeq: number): Promise<ReadonlyMap<number, string>> {
    await this.#session.pause("before hashes");
    return new Map(this.#range(life, fromSeq, toSeq).map(({ seq, hash }) => [seq, hash]));
  }

  async knownChangeIds(
    changeIds: readonly string[],
    except?: TerminalLife & { readonly seq: number },
  ): Promise<ReadonlySet<string>> {
    if (changeIds.length === 0) return new Set();
    await this.#session.pause("before knownChangeIds");
    return this.#known(changeIds, except);
  }

  async blocked(localIds: readonly string[], before?: Place): Promise<ReadonlySet<string>> {
    if (localIds.length === 0) return new Set();
    await this.#session.pause("before blocked");
    const wanted = new Set(localIds);
    const blocked = new Set<string>();
    for (const row of this.view.heads.values()) {
      if (row.localId !== null && wanted.has(row.localId) && blocks(row, before)) blocked.add(row.localId);
    }
    return blocked;
  }

  async store(life: TerminalLife, changes: readonly StoredChange[], nowMs: number): Promise<void> {
    await this.#session.pause("before store");
    const known = this.#known(
      changes.flatMap(({ changeId, repeat }) => (changeId === null || repeat ? [] : [changeId])),
    );
    for (const change of changes) {
      refuseNul(change.kind, change.localId, change.code, change.message);
      const key = headKey(life.terminal, life.incarnation, change.seq);
      // Another terminal stored the same changeId since we looked: the transaction runs again and sees it.
      if (change.changeId !== null && !change.repeat && known.has(change.changeId)) throw new Conflict("40001");
      if (this.view.heads.get(key)) throw Object.assign(new Error("duplicate key value"), { code: "23505" });
      this.view.heads.put(key, { ...change, ...life, receivedAtMs: nowMs });
    }
  }

  async keepForks(life: TerminalLife, rows: readonly ForkedRow[], _nowMs: number): Promise<void> {
    await this.#session.pause("before keepForks");
    keepForks(this.view, life, rows);
  }

  async compare(life: TerminalLife, places: readonly ChainPlace[]): Promise<Comparison> {
    await this.#session.pause("before compare");
    return compareLife(this.view, life, places);
  }

  async repair(...[life, seq, change]: Parameters<IngestTransaction["repair"]>): Promise<void> {
    await this.#session.pause("before repair");
    await this.#change(headKey(life.terminal, life.incarnation, seq), (row) => repaired(row, change));
    await this.#wakeWaiting(change.localId);
  }

  async around(life: TerminalLife, seqs: readonly number[]): ReturnType<IngestTransaction["around"]> {
    await this.#session.pause("before damaged");
    return rowsAround(this.view, life, seqs);
  }

  async privateOf(life: TerminalLife, seq: number): ReturnType<IngestTransaction["privateOf"]> {
    await this.#session.pause("before damaged");
    return this.view.heads.get(headKey(life.terminal, life.incarnation, seq));
  }

  async restorePrivate(life: TerminalLife, seq: number, text: string | null): Promise<void> {
    await this.#session.pause("before repair");
    const key = headKey(life.terminal, life.incarnation, seq);
    const isParked = this.view.heads.get(key)?.effect === "parked";
    await this.#change(key, (row) => withPrivate(row, text));
    const row = this.view.heads.get(key);
    if (isParked && row?.effect === "pending") await this.#wakeWaiting(row.localId);
  }

  async restore(...[life, { hashes, doubted }]: Parameters<IngestTransaction["restore"]>): Promise<void> {
    await this.#session.pause("before repair");
    const keyOf = (seq: number) => headKey(life.terminal, life.incarnation, seq);
    for (const { seq, hash } of hashes) await this.#change(keyOf(seq), (row) => ({ ...row, hash }));
    for (const seq of doubted) await this.#change(keyOf(seq), (row) => ({ ...row, damaged: true }));
  }

  async rejudge(life: TerminalLife, seqs: readonly number[], healed: readonly number[]): Promise<void> {
    await this.#session.pause("before rejudge");
    for (const { key } of shiftsOf(this.view, life, seqs)) {
      await this.#lock(`settlement/${key}`);
      markDue(this.view, key, healed);
    }
  }

  async damaged(life: TerminalLife, fromSeq: number, limit: number) {
    await this.#session.pause("before damaged");
    const rows = this.#heads((row) => row.damaged && row.seq >= fromSeq && isOf(row, life));
    return rows.slice(0, limit).map(({ seq, hash, origin }) => {
      const prevHash = this.view.heads.get(headKey(life.terminal, life.incarnation, seq - 1))?.hash ?? CHAIN_START;
      return { seq, hash, prevHash, origin };
    });
  }

  async attempt(fn: () => Promise<void>): Promise<unknown> {
    const back = this.view.savepoint();
    const locks = this.#session.lockCount();
    try {
      await fn();
      return undefined;
    } catch (failure) {
      back();
      this.#session.unlock(locks);
      if (failure instanceof Conflict || isLost(failure)) throw failure;
      return failure;
    }
  }

  async apply(life: TerminalLife, documents: readonly DocumentRow[]): Promise<void> {
    if (documents.length === 0) return;
    await this.#session.pause("before apply");
    let written = 0;
    for (const document of documents) {
      const { events: _events, ...row } = document;
      refuseNul(row.shiftId, row.documentType, row.receiptNumber, row.reference, row.currency);
      refuseDate(row.businessDate, row.occurredAt);
      const key = documentKey(row.entity, row.localId);
      await this.#lock(`document/${key}`);
      const standing = this.view.documents.get(key);
      if (!canFollow(standing, row, life.terminal)) continue;
      this.view.documents.put(key, { ...row, ...life, currency: row.currency ?? standing?.currency ?? null });
      this.view.noteApplied({ entity: row.entity, localId: row.localId, state: row.state, seq: row.seq, ...life });
      written++;
    }
    if (written !== documents.length)
      throw new SyncError("ALREADY_CLOSED", "A document of this batch is already final at the centre.");
    if (documents.every(({ events }) => events.length === 0)) return;
    await this.#session.pause("before events");
    putEvents(this.view, life, documents);
  }

  async document(entity: Entity, localId: string): Promise<Standing | undefined> {
    await this.#session.pause("before document");
    return this.#standing({ entity, localId });
  }

  async standings(keys: readonly EntityKey[]): Promise<ReadonlyMap<string, Standing>> {
    if (keys.length === 0) return new Map();
    await this.#session.pause("before standings");
    const found = new Map<string, Standing>();
    // Which rows there are is seen once, when the statement begins; how they stand, when each lock is held.
    const there = keys.filter(({ entity, localId }) => this.view.documents.get(documentKey(entity, localId)));
    for (const key of there) {
      const standing = await this.#standing(key);
      if (standing) found.set(entityKey(key), standing);
    }
    return found;
  }

  async #standing({ entity, localId }: EntityKey): Promise<Standing | undefined> {
    const key = documentKey(entity, localId);
    if (!this.view.documents.get(key)) return undefined;
    await this.#lock(`document/${key}`);
    return this.view.documents.get(key);
  }

  async effectsOf(changeIds: readonly string[]): Promise<ReadonlyMap<string, StoredEffect>> {
    if (changeIds.length === 0) return new Map();
    await this.#session.pause("before effectsOf");
    const wanted = new Set(changeIds);
    const found = new Map<string, StoredEffect>();
    for (const row of this.view.heads.values()) {
      const { changeId, repeat, effect, code, message, receivedAtMs } = row;
      if (changeId !== null && !repeat && wanted.has(changeId))
        found.set(changeId, { effect, code, message, receivedAtMs });
    }
    return found;
  }

  async setPending(life: TerminalLife, fromSeq: number, toSeq: number): Promise<void> {
    await this.#session.pause("before setPending");
    for (const { seq } of this.#range(life, fromSeq, toSeq)) {
      await this.#change(headKey(life.terminal, life.incarnation, seq), (row) =>
        row.effect === "applied" || (row.effect === "conflict" && !row.repeat) ? { ...row, ...PENDING } : row,
      );
    }
  }

  async setEffect(life: TerminalLife, runs: readonly Run[]): Promise<void> {
    await this.#session.pause("before setEffect");
    for (const { fromSeq, toSeq, effect, code, message } of runs) {
      refuseNul(code, message);
      for (const { seq } of this.#range(life, fromSeq, toSeq)) {
        await this.#change(headKey(life.terminal, life.incarnation, seq), (row) => ({ ...row, effect, code, message }));
      }
    }
  }

  async resolve(life: TerminalLife, seq: number, how: Parameters<IngestTransaction["resolve"]>[2]): Promise<boolean> {
    await this.#session.pause("before setEffect");
    const next = how === "retry" ? PENDING : how;
    const key = headKey(life.terminal, life.incarnation, seq);
    if (!RESOLVABLE.has(this.view.heads.get(key)?.effect)) return false;
    await this.#change(key, (row) => (RESOLVABLE.has(row.effect) ? { ...row, ...next } : row));
    await this.#wakeWaiting(this.view.heads.get(key)?.localId ?? null);
    return true;
  }

  async #wakeWaiting(localId: string | null): Promise<void> {
    for (const key of waitingFor(this.view, localId)) await this.#change(key, woken);
  }

  async pending(terminal: string, limit: number): Promise<readonly PendingChange[]> {
    await this.#session.pause("before pending");
    const ordinal = (row: HeadRow) => this.view.lives.get(lifeKey(row.terminal, row.incarnation))?.ordinal ?? 0;
    const rows = this.#heads((row) => row.terminal === terminal && row.effect === "pending");
    return rows.sort((a, b) => ordinal(a) - ordinal(b) || a.seq - b.seq).slice(0, limit);
  }

  async advance(
    life: TerminalLife,
    mark: Parameters<IngestTransaction["advance"]>[1],
    _nowMs: number,
  ): Promise<Mark["receipt"]> {
    await this.#session.pause("before advance");
    const key = lifeKey(life.terminal, life.incarnation);
    const row = this.view.lives.get(key);
    if (row === undefined) return null;
    if (mark.receipt) refuseDate(mark.receipt.businessDate);
    const { durableThrough, chainHash } = mark;
    const receipt = laterReceipt(row.receipt, mark.receipt);
    const headSeq = Math.max(mark.headSeq, durableThrough);
    this.view.lives.put(key, { ...row, durableThrough, chainHash, headSeq, receipt });
    return receipt;
  }

  async seen(life: TerminalLife, headSeq: number, _nowMs: number): Promise<void> {
    await this.#session.pause("before seen");
    const key = lifeKey(life.terminal, life.incarnation);
    const row = this.view.lives.get(key);
    if (row) this.view.lives.put(key, { ...row, headSeq: Math.max(headSeq, row.durableThrough) });
  }

  async appendFeed(life: TerminalLife, runs: readonly Run[], _nowMs: number): Promise<void> {
    if (runs.length === 0) return;
    await this.#session.pause("before appendFeed");
    await this.#lock(COUNTER);
    appendRuns(this.view, life, runs);
  }

  async tellAgain(life: TerminalLife, seqs: readonly number[], nowMs: number): Promise<void> {
    await this.appendFeed(life, tellableRuns(this.view, life, seqs), nowMs);
  }

  async renewFeed(epoch: string): Promise<boolean> {
    await this.#session.pause("before renewFeed");
    await this.#lock(COUNTER);
    return renewIn(this.view, epoch, this.#database.newEpoch());
  }

  async feedAfter(life: TerminalLife, token: string | null, wish: FeedWish): Promise<FeedPage> {
    const reader = memoryFeed(this.view, () => this.#session.pause("before feedAfter"));
    return feedPage(reader, { life, storeId: this.storeId, sha256 }, token, wish);
  }

  /** Locks a row, then changes what it is by then: an UPDATE reads the row again after it had to wait. */
  async #change(key: string, change: (row: HeadRow) => HeadRow): Promise<void> {
    await this.#lock(`head/${key}`);
    const row = this.view.heads.get(key);
    if (row) this.view.heads.put(key, change(row));
  }

  #lock(key: string): Promise<void> {
    return this.#session.lock(`${this.#scope.storeId}/${key}`);
  }

  #known(changeIds: readonly string[], except?: TerminalLife & { readonly seq: number }): Set<string> {
    const wanted = new Set(changeIds);
    const known = new Set<string>();
    for (const row of this.view.heads.values()) {
      if (except !== undefined && isOf(row, except) && row.seq === except.seq) continue;
      if (row.changeId !== null && !row.repeat && wanted.has(row.changeId)) known.add(row.changeId);
    }
    return known;
  }

  #heads(wanted: (row: HeadRow) => boolean): HeadRow[] {
    return [...this.view.heads.values()].filter(wanted).sort((a, b) => a.seq - b.seq);
  }

  #range(life: TerminalLife, fromSeq: number, toSeq: number): HeadRow[] {
    const rows: HeadRow[] = [];
    for (let seq = fromSeq; seq <= toSeq; seq++) {
      const row = this.view.heads.get(headKey(life.terminal, life.incarnation, seq));
      if (row) rows.push(row);
    }
    return rows;
  }
}
