import type { Clock, Transport } from "@tillsync/engine";
import type { Driver, Statement } from "@tillsync/engine/sqlite";
import type { ExchangeRequest, ExchangeResponse } from "@tillsync/protocol";
import type { IngestStore, IngestTransaction, StoredChange } from "@tillsync/server/ingest";
import { MemoryTransaction } from "../centre/transaction.ts";

/** A transaction of ingest with some statements done in another way. */
export function withStatements(
  store: IngestStore,
  change: (tx: IngestTransaction) => Partial<IngestTransaction>,
): IngestStore {
  return {
    get serverEpoch() {
      return store.serverEpoch;
    },
    transaction: (scope, fn) => store.transaction(scope, (tx) => fn({ ...statementsOf(tx), ...change(tx) })),
  };
}

/** The statements of a transaction as plain functions, so that some of them can be replaced. */
export function statementsOf(tx: IngestTransaction): IngestTransaction {
  return {
    lock: (...args) => tx.lock(...args),
    hashes: (...args) => tx.hashes(...args),
    knownChangeIds: (...args) => tx.knownChangeIds(...args),
    blocked: (...args) => tx.blocked(...args),
    store: (...args) => tx.store(...args),
    keepForks: (...args) => tx.keepForks(...args),
    compare: (...args) => tx.compare(...args),
    repair: (...args) => tx.repair(...args),
    around: (...args) => tx.around(...args),
    privateOf: (...args) => tx.privateOf(...args),
    restorePrivate: (...args) => tx.restorePrivate(...args),
    restore: (...args) => tx.restore(...args),
    rejudge: (...args) => tx.rejudge(...args),
    damaged: (...args) => tx.damaged(...args),
    attempt: (...args) => tx.attempt(...args),
    apply: (...args) => tx.apply(...args),
    document: (...args) => tx.document(...args),
    standings: (...args) => tx.standings(...args),
    effectsOf: (...args) => tx.effectsOf(...args),
    setPending: (...args) => tx.setPending(...args),
    setEffect: (...args) => tx.setEffect(...args),
    resolve: (...args) => tx.resolve(...args),
    pending: (...args) => tx.pending(...args),
    advance: (...args) => tx.advance(...args),
    seen: (...args) => tx.seen(...args),
    appendFeed: (...args) => tx.appendFeed(...args),
    tellAgain: (...args) => tx.tellAgain(...args),
    renewFeed: (...args) => tx.renewFeed(...args),
    feedAfter: (...args) => tx.feedAfter(...args),
  };
}

/** @throws Error on a centre that is not the simulated one */
export function memoryOf(tx: IngestTransaction): MemoryTransaction {
  if (!(tx instanceof MemoryTransaction)) throw new Error("this variant needs the simulated centre");
  return tx;
}

/** A SQLite handle that hears some texts in another way. `exec` and `prepare` get the real ones to go on with. */
export function withSql(
  driver: Driver,
  change: { exec?: (sql: string) => void; prepare?: (sql: string) => Statement },
): Driver {
  return {
    exec: change.exec ?? ((sql) => driver.exec(sql)),
    prepare: change.prepare ?? ((sql) => driver.prepare(sql)),
    close: () => driver.close(),
  };
}

/** A way to the centre that makes something else of a failure. */
export function onFailure(
  transport: Transport,
  instead: (request: ExchangeRequest, error: unknown) => Promise<ExchangeResponse>,
): Transport {
  return {
    exchange: (request, signal, id) =>
      transport.exchange(request, signal, id).catch((error: unknown) => instead(request, error)),
  };
}

/** A way to the centre that is given up after so many failures in a row: what is asked then gets `instead`. */
export function givenUpAfter(
  failuresInARow: number,
  instead: () => Promise<never>,
): (transport: Transport) => Transport {
  return (transport) => {
    let failures = 0;
    return {
      exchange: async (request, signal, id) => {
        if (failures >= failuresInARow) return instead();
        try {
          const answer = await transport.exchange(request, signal, id);
          failures = 0;
          return answer;
        } catch (error) {
          failures++;
          throw error;
        }
      },
    };
  };
}

/** A clock whose timers of these lengths never go off. */
export function withoutTimers(...delaysMs: readonly number[]): (clock: Clock) => Clock {
  return (clock) => ({
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, fn) => (delaysMs.includes(delayMs) ? () => {} : clock.after(delayMs, fn)),
  });
}

/** Changes are stored as something else. */
export function storedAs(change: (stored: StoredChange) => StoredChange): (store: IngestStore) => IngestStore {
  return (store) =>
    withStatements(store, (tx) => ({
      store: (life, changes, nowMs) => tx.store(life, changes.map(change), nowMs),
    }));
}

/** What an answer would look like if everything that was sent had arrived. */
export function asIfStored(request: ExchangeRequest): ExchangeResponse {
  return {
    protocolVersion: request.protocolVersion,
    serverEpoch: "00000000-0000-4000-8000-000000000000",
    durableThrough: request.fromSeq + request.changes.length - 1,
    chainHash: request.changes.at(-1)?.hash ?? request.prevHash,
    backedUpThrough: 0,
    need: [],
    give: [],
    entries: [],
    cursor: request.cursor ?? "",
    more: false,
    receiptCounter: null,
    serverTimeMs: 0,
    limits: { maxChangeBytes: 1024 * 1024, maxBatchChanges: 1000, maxRequestBytes: 8 * 1024 * 1024 },
    pacing: { notBeforeMs: 0 },
  };
}
