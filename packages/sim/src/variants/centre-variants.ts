import { type ExchangeRequest, SyncError } from "@tillsync/protocol";
import {
  type ExchangeContext,
  formatCursor,
  type IngestTransaction,
  type Mark,
  type StoredChange,
} from "@tillsync/server/ingest";
import type { CentreDatabase } from "../centre/database.ts";
import { Conflict } from "../centre/locks.ts";
import { COUNTER, documentKey, headKey, type StoreTables } from "../centre/tables.ts";
import type { Exchange } from "../net/server.ts";
import { said } from "../oracle/bytes.ts";
import type { Variant } from "./variant.ts";
import { memoryOf, statementsOf, storedAs, withStatements } from "./wrap.ts";

/** Ways in which the centre can be wrong. */
export const CENTRE_VARIANTS: readonly Variant[] = [
  {
    name: "ack-before-commit",
    breaks: "the answer leaves while the transaction is still being committed",
    caughtBy: ["I5"],
    ingest: ({ serverEpoch, transaction }) => ({
      serverEpoch,
      transaction: (scope, fn) =>
        new Promise((resolve, reject) => {
          const work = transaction(scope, async (tx) => {
            const result = await fn(tx);
            resolve(result);
            return result;
          });
          work.catch(reject);
        }),
    }),
  },
  {
    name: "no-chain-check",
    likelySeed: 15,
    breaks: "a change for a place that is taken counts as a duplicate, whatever it says",
    caughtBy: ["I8", "I1"],
    needs: ["copiedTill"],
    exchange: perRequest((request) => (tx) => ({
      lock: async (life, nowMs) => {
        const mark = await tx.lock(life, nowMs);
        const last = request.changes[mark.durableThrough - request.fromSeq]?.hash;
        return {
          ...mark,
          chainHash: last ?? (request.fromSeq === mark.durableThrough + 1 ? request.prevHash : mark.chainHash),
        };
      },
      hashes: async () => new Map(request.changes.map(({ hash }, index) => [request.fromSeq + index, hash])),
    })),
  },
  {
    name: "dedupe-by-receipt-number",
    likelySeed: 2,
    breaks: "a sale whose receipt number is known is dropped as a duplicate (numbers are unique in one store only)",
    caughtBy: ["I5", "I1"],
    ingest: (store, database) =>
      withStatements(store, (tx) => ({
        store: (life, changes, nowMs) =>
          tx.store(
            life,
            changes.filter(({ body }) => isFirst(database, body, life.terminal)),
            nowMs,
          ),
      })),
  },
  {
    name: "apply-before-store",
    breaks: "a change that cannot be applied is rolled back with its bytes, and acknowledged all the same",
    caughtBy: ["I5"],
    needs: ["poison"],
    ingest: ({ serverEpoch, transaction }) => ({
      serverEpoch,
      transaction: async (scope, fn) => {
        let answer: Awaited<ReturnType<typeof fn>> | undefined;
        const rolledBack = new Error("rolled back");
        try {
          return await transaction(scope, async (tx) => {
            let failed = false;
            const attempt: IngestTransaction["attempt"] = async (work) => {
              failed ||= (await tx.attempt(work)) !== undefined;
              return undefined;
            };
            answer = await fn({ ...statementsOf(tx), attempt });
            if (failed) throw rolledBack;
            return answer;
          });
        } catch (error) {
          if (error !== rolledBack || answer === undefined) throw error;
          return answer;
        }
      },
    }),
  },
  {
    name: "poison-blocks",
    breaks: "a change that cannot be applied fails the whole exchange",
    caughtBy: ["I12"],
    needs: ["poison"],
    ingest: (store) =>
      withStatements(store, () => ({
        attempt: async (work) => {
          await work();
          return undefined;
        },
      })),
  },
  {
    name: "discard-forgets-those-behind",
    likelySeed: 6,
    breaks: "a change that is given up no longer blocks, but what waited behind it never gets its turn",
    caughtBy: ["I10"],
    needs: ["poison"],
    ingest: (store) =>
      withStatements(store, (tx) => ({
        resolve: async (life, seq, how) => {
          if (how === "retry") return tx.resolve(life, seq, how);
          await tx.setEffect(life, [{ fromSeq: seq, toSeq: seq, ...how }]);
          return true;
        },
      })),
  },
  {
    name: "discard-is-only-noted",
    breaks: "the decision to give a change up is stored and told, and nothing is done about the change",
    caughtBy: ["I10"],
    needs: ["poison"],
    ingest: (store) => withStatements(store, () => ({ resolve: async () => false })),
  },
  {
    name: "half-applied",
    breaks: "no savepoint around applying: what was written before the failure stays",
    caughtBy: ["I1", "I9", "I10", "I21"],
    needs: ["poison"],
    ingest: (store) =>
      withStatements(store, () => ({
        attempt: async (work) => {
          try {
            await work();
            return undefined;
          } catch (error) {
            if (error instanceof Conflict) throw error;
            return error;
          }
        },
      })),
  },
  {
    name: "ack-of-a-hole",
    breaks: "a change that cannot be read is not stored, and the mark moves past it",
    caughtBy: ["I5"],
    needs: ["plantedRow", "crash"],
    ingest: (store) =>
      withStatements(store, (tx) => ({
        store: (life, changes, nowMs) =>
          tx.store(
            life,
            changes.filter(({ effect }) => effect !== "parked"),
            nowMs,
          ),
      })),
  },
  {
    name: "accepts-gaps",
    likelySeed: 2,
    breaks: "the mark is believed from the till: a range that starts after a gap is stored",
    caughtBy: ["I5"],
    needs: ["centreRestored"],
    exchange: perRequest((request) => (tx) => ({
      lock: async (life, nowMs) => {
        const mark = await tx.lock(life, nowMs);
        return request.fromSeq > mark.durableThrough + 1 ? markBefore(request, mark) : mark;
      },
    })),
  },
  {
    name: "applies-duplicates-again",
    breaks: "a range that was sent again is applied again",
    caughtBy: ["I1", "I9", "I10", "I14"],
    needs: ["loseAnswer", "duplicateRequest"],
    exchange: perRequest((request) => (tx) => {
      let durableThrough = 0;
      const isNew = ({ seq }: StoredChange) => seq > durableThrough;
      return {
        lock: async (life, nowMs) => {
          const mark = await tx.lock(life, nowMs);
          durableThrough = mark.durableThrough;
          return request.fromSeq <= durableThrough && request.changes.length > 0 ? markBefore(request, mark) : mark;
        },
        knownChangeIds: async () => new Set(),
        store: (life, changes, nowMs) => tx.store(life, changes.filter(isNew), nowMs),
        advance: (life, next, nowMs) =>
          next.durableThrough > durableThrough ? tx.advance(life, next, nowMs) : Promise.resolve(next.receipt),
      };
    }),
  },
  {
    name: "duplicate-is-an-error",
    breaks: "a range that was sent again is refused, because its rows are there",
    caughtBy: ["I12"],
    needs: ["loseAnswer"],
    exchange: perRequest((request) => (tx) => ({
      lock: async (life, nowMs) => {
        const mark = await tx.lock(life, nowMs);
        const isRepeated = request.changes.length > 0 && request.fromSeq <= mark.durableThrough;
        if (isRepeated) throw new SyncError("INTERNAL", "duplicate key value violates unique constraint");
        return mark;
      },
    })),
  },
  {
    name: "last-write-wins",
    breaks: "a later document overwrites a closed order",
    caughtBy: ["I9"],
    needs: ["sharedOrder"],
    ingest: (store) =>
      withStatements(store, (tx) => ({
        document: async (entity, localId) => {
          const document = await tx.document(entity, localId);
          return document && { ...document, state: "open" };
        },
        apply: (life, documents) => {
          for (const { entity, localId } of documents) {
            const { view } = memoryOf(tx);
            const standing = view.documents.get(documentKey(entity, localId));
            if (standing) view.documents.put(documentKey(entity, localId), { ...standing, state: "open" });
          }
          return tx.apply(life, documents);
        },
      })),
  },
  {
    name: "feed-number-from-a-sequence",
    breaks:
      "feed numbers are taken without a lock, so that a lower one can become visible after a higher one was read (F1)",
    caughtBy: ["I14", "I15"],
    ingest: (store, database) =>
      withStatements(store, (tx) => ({
        appendFeed: async (life, runs) => {
          const { storeId, view } = memoryOf(tx);
          for (const run of runs) {
            const n = nextNumber(database.store(storeId));
            view.feed.put(String(n), { n, chain: "c".repeat(64), ...life, ...run });
            const counter = view.counter.get(COUNTER);
            if (counter) view.counter.put(COUNTER, { ...counter, n, chain: "c".repeat(64) });
          }
        },
      })),
  },
  {
    name: "cursor-is-a-number",
    likelySeed: 2,
    breaks: "a cursor is believed without asking of which history it is",
    caughtBy: ["I12", "I15"],
    needs: ["centreRestored", "poison"],
    ingest: (store) =>
      withStatements(store, (tx) => ({
        feedAfter: async (life, cursor, wish) => {
          const { storeId, view } = memoryOf(tx);
          const counter = view.counter.get(COUNTER);
          const n = Number((cursor ?? "").split(".")[2] ?? 0);
          if (counter === undefined || n <= counter.n)
            return tx.feedAfter(
              life,
              cursor && counter ? tokenAt(counter, storeId, n, view.feed.get(String(n))?.chain) : null,
              wish,
            );
          return { entries: [], cursor: cursor ?? "", more: false };
        },
      })),
  },
  {
    name: "no-terminal-lock",
    breaks: "two servers work for one till at the same time",
    caughtBy: ["I1", "I5", "I12", "I14"],
    needs: ["duplicateRequest", "loseAnswer", "slowLink"],
    ingest: (store) => withStatements(store, (tx) => ({ lock: (life) => memoryOf(tx).markWithoutLock(life) })),
  },
  {
    name: "never-swept",
    breaks: "what a failed batch left pending is never interpreted",
    caughtBy: ["I12"],
    needs: ["poison"],
    ingest: (store) => withStatements(store, () => ({ pending: async () => [] })),
  },
  {
    name: "bytes-as-jsonb",
    breaks: "bodies are kept as jsonb, which sorts the keys by length",
    caughtBy: ["I1"],
    ingest: storedAs((change) => ({ ...change, body: asJsonb(change.body) })),
  },
  {
    name: "forgets-private-parts",
    breaks: "private parts are not stored",
    caughtBy: ["I1"],
    ingest: storedAs((change) => ({ ...change, private: null })),
  },
  {
    name: "overwrites-forks",
    likelySeed: 15,
    breaks: "the later of two versions of one place replaces the earlier one",
    caughtBy: ["I5", "I8", "I1"],
    needs: ["copiedTill"],
    ingest: (store) =>
      withStatements(store, (tx) => ({
        keepForks: async (life, rows) => {
          const { view } = memoryOf(tx);
          for (const { seq, hash, body } of rows) {
            const key = headKey(life.terminal, life.incarnation, seq);
            const standing = view.heads.get(key);
            if (standing) view.heads.put(key, { ...standing, hash, body });
          }
        },
      })),
  },
];

/** A centre whose statements know what was asked. */
function perRequest(
  change: (request: ExchangeRequest) => (tx: IngestTransaction) => Partial<IngestTransaction>,
): (exchange: Exchange) => Exchange {
  return (exchange) => (context: ExchangeContext, scope, request) =>
    exchange({ ...context, store: withStatements(context.store, change(request)) }, scope, request);
}

/** The mark that would make a request fit exactly. */
function markBefore(request: ExchangeRequest, mark: Mark): Mark {
  return { ...mark, durableThrough: request.fromSeq - 1, chainHash: request.prevHash };
}

/** Who printed a number first, in any store. */
const printed = new WeakMap<CentreDatabase, Map<string, string>>();

function isFirst(database: CentreDatabase, body: string, terminal: string): boolean {
  const known = printed.get(database) ?? new Map<string, string>();
  printed.set(database, known);
  const { receiptNumber } = said(body);
  if (receiptNumber === null) return true;
  const first = known.get(receiptNumber) ?? terminal;
  known.set(receiptNumber, first);
  return first === terminal;
}

const sequences = new WeakMap<StoreTables, number>();

function nextNumber(tables: StoreTables): number {
  const n = Math.max(sequences.get(tables) ?? 0, tables.counter.get(COUNTER)?.n ?? 0) + 1;
  sequences.set(tables, n);
  return n;
}

/** A cursor that fits, whatever history the reader comes from. */
function tokenAt({ epoch }: { epoch: string }, storeId: number, n: number, chain = ""): string {
  return formatCursor({ epoch, storeId, n, chain });
}

function asJsonb(body: string): string {
  try {
    const value = JSON.parse(body) as Record<string, unknown>;
    const sorted = Object.entries(value).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
    return JSON.stringify(Object.fromEntries(sorted));
  } catch {
    return body; // not JSON: jsonb would have refused it
  }
}
