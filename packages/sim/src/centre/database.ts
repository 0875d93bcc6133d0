import { SyncError } from "@tillsync/protocol";
import type { IngestStore, Scope } from "@tillsync/server/ingest";
import type { ClosePlace, SettlementStore } from "@tillsync/server/settlement";
import type { Chronicle } from "../chronicle.ts";
import type { Faults } from "../faults.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import { renewed } from "./feed.ts";
import { MemoryJointTransaction } from "./joint-transaction.ts";
import { Conflict, Locks } from "./locks.ts";
import { type Owner, type Point, Session } from "./session.ts";
import { MemorySettlement } from "./settlement.ts";
import { copyTables, emptyTables, headKey, type StoreTables } from "./tables.ts";
import { MemoryTransaction } from "./transaction.ts";

/** As often as the real centre runs a transaction again that lost against another one (`db/scope.ts`). */
const RETRIES = 5;

type Work<T> = (tx: MemoryTransaction, session: Session) => Promise<T>;

export interface DatabaseOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly faults: Faults;
}

/**
 * The centre's PostgreSQL as the simulation has it: READ COMMITTED, row locks, deadlocks, savepoints, and transactions of
 * several servers interleaved at every statement. It survives the servers; what is committed survives its own restart.
 * `differential.pg.test.ts` holds it against the real one.
 */
export class CentreDatabase {
  readonly #options: DatabaseOptions;
  readonly #locks = new Locks();
  readonly #stores = new Map<number, StoreTables>();
  readonly #terminals = new Map<number, Set<string>>();
  readonly #sessions = new Set<Session>();
  #serverEpoch: string;
  /** Told of every commit that touched a store. */
  onCommit: (storeId: number) => void = () => {};

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#serverEpoch = options.random.uuid();
  }

  addStore(storeId: number): void {
    this.#stores.set(storeId, emptyTables(this.#options.random.uuid()));
    this.#terminals.set(storeId, new Set());
  }

  enrol(storeId: number, terminal: string): void {
    this.#terminals.get(storeId)?.add(terminal);
  }

  /** As `gen_random_uuid()` of this database gives it. */
  newEpoch(): string {
    return this.#options.random.uuid();
  }

  get storeIds(): readonly number[] {
    return [...this.#stores.keys()];
  }

  /** What is committed of a store. */
  store(storeId: number): StoreTables {
    const tables = this.#stores.get(storeId);
    if (tables === undefined) throw new Error(`there is no store ${storeId}`);
    return tables;
  }

  /** One life of each terminal that has something stored and not interpreted. */
  pendingLives(): { readonly storeId: number; readonly terminal: string; readonly incarnation: string }[] {
    const found = new Map<string, { storeId: number; terminal: string; incarnation: string }>();
    for (const [storeId, { heads }] of this.#stores) {
      for (const { effect, terminal, incarnation } of heads.values()) {
        if (effect === "pending" && !found.has(terminal)) found.set(terminal, { storeId, terminal, incarnation });
      }
    }
    return [...found.values()];
  }

  isEnrolled(storeId: number, terminal: string): boolean {
    return this.#terminals.get(storeId)?.has(terminal) === true;
  }

  /** Closed shifts that nobody judged, or that are due again: as the product finds them with SQL of its own. */
  unsettled(): { readonly storeId: number; readonly place: ClosePlace }[] {
    return [...this.#stores].flatMap(([storeId, { heads, settlements }]) => {
      const closings = [...heads.values()].filter(
        (row) => row.kind === "shift.closed" && !row.repeat && !settlements.has(keyOf(row)),
      );
      const due = [...settlements.values()].filter((row) => row.due);
      return [...closings, ...due].map(({ terminal, incarnation, seq }) => ({
        storeId,
        place: { terminal, incarnation, seq },
      }));
    });
  }

  /** The port as one server process has it. */
  connect(owner: Owner): IngestStore {
    const epochOf = () => this.#serverEpoch;
    return {
      get serverEpoch() {
        return epochOf();
      },
      storesAtOnce: true,
      transaction: (scope, fn) => this.#transaction(owner, scope, fn),
      jointTransaction: (scope, fn) => this.#transaction(owner, scope, (tx) => fn(new MemoryJointTransaction(tx))),
    };
  }

  /** The port of settlement, likewise. */
  connectSettlements(owner: Owner): SettlementStore {
    const transaction: SettlementStore["transaction"] = (scope, fn) =>
      this.#transaction(owner, scope, (tx, session) => fn(new MemorySettlement(tx.view, scope, session)));
    return { transaction };
  }

  /** A process died: its transactions are rolled back, and whoever waited for their locks goes on. */
  disconnect(owner: Owner): void {
    for (const session of [...this.#sessions]) if (session.owner === owner) session.vanish();
  }

  /** PostgreSQL stops and starts: running transactions are lost, committed ones are there. */
  restart(): void {
    for (const session of [...this.#sessions]) session.lose(unavailable("The database went away."));
  }

  backup(): ReadonlyMap<number, StoreTables> {
    return new Map([...this.#stores].map(([storeId, tables]) => [storeId, copyTables(tables)]));
  }

  /**
   * The database becomes what it was. Restoring begins a new life of it, which its epochs say, unless somebody put files
   * back and nothing noticed.
   */
  restore(backup: ReadonlyMap<number, StoreTables>, isNoticed = true): void {
    this.restart();
    if (isNoticed) this.#serverEpoch = this.#options.random.uuid();
    for (const [storeId, tables] of backup) {
      const copy = copyTables(tables);
      for (const [key, counter] of isNoticed ? tables.counter : [])
        copy.counter.set(key, renewed(counter, this.#options.random.uuid()));
      this.#stores.set(storeId, copy);
    }
  }

  async #transaction<T>(owner: Owner, scope: Scope, fn: Work<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(owner, scope, fn);
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        this.#options.chronicle.hit(`centre.conflict-${error.code}`);
        if (attempt > RETRIES) throw unavailable("Transactions were in each other's way too often.");
      }
    }
  }

  async #once<T>(owner: Owner, scope: Scope, fn: Work<T>): Promise<T> {
    const { timeline, random } = this.#options;
    const session = new Session(owner, {
      timeline,
      random,
      locks: this.#locks,
      atPoint: (point) => this.#atPoint(point),
      onEnd: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    try {
      const tx = new MemoryTransaction(this, scope, session);
      const result = await fn(tx, session);
      await session.pause("before commit");
      this.#commit(tx);
      session.unlock();
      await session.pause("after commit");
      return result;
    } finally {
      session.end();
    }
  }

  #atPoint(point: Point): void {
    const { faults, random } = this.#options;
    if (point !== "after commit" && random.chance(faults.serializationFailure)) throw new Conflict("40001");
  }

  /** A commit whose answer is lost on its way from the database to the server. */
  #commit(tx: MemoryTransaction): void {
    const { chronicle, faults, random } = this.#options;
    if (!random.chance(faults.commitUnknownAtCentre)) {
      tx.view.commit();
      this.onCommit(tx.storeId);
      return;
    }
    const kept = random.chance(0.5);
    chronicle.hit(kept ? "centre.commit-unknown-kept" : "centre.commit-unknown-lost");
    if (kept) tx.view.commit();
    this.onCommit(tx.storeId);
    throw unavailable("The connection broke while a transaction was being committed; whether it holds is unknown.");
  }
}

function keyOf({ terminal, incarnation, seq }: ClosePlace): string {
  return headKey(terminal, incarnation, seq);
}

function unavailable(message: string): SyncError {
  return new SyncError("UNAVAILABLE", message, { part: "database" });
}
