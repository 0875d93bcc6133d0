import type { IngestStore, JointTransaction } from "@tillsync/server/ingest";
import type { Variant } from "./variant.ts";

/** Ways in which a transaction that several tills share can be wrong. */
export const JOINT_VARIANTS: readonly Variant[] = [
  {
    name: "joint-stores-the-first",
    likelySeed: 3,
    breaks: "of the exchanges that share a transaction only the first is stored; all are acknowledged",
    caughtBy: ["I5"],
    ingest: (store) =>
      withJoint(store, (tx) => ({
        storeAtOnce: (batches, nowMs) => tx.storeAtOnce(batches.slice(0, 1), nowMs),
      })),
  },
  {
    name: "joint-failure-swallowed",
    likelySeed: 7,
    breaks: "what of a shared transaction cannot be applied is left out, and all the same it is committed",
    caughtBy: ["I1", "I5", "I9", "I10", "I21"],
    needs: ["sharedOrder", "serializationFailure"],
    ingest: (store) =>
      withJoint(store, (tx) => ({
        storeAtOnce: (batches, nowMs) => tx.storeAtOnce(batches, nowMs).catch(() => []),
      })),
  },
];

function withJoint(store: IngestStore, change: (tx: JointTransaction) => Partial<JointTransaction>): IngestStore {
  return {
    ...store,
    jointTransaction: async (scope, fn) => {
      if (store.jointTransaction === undefined) throw new Error("this store has no shared transactions");
      return store.jointTransaction(scope, (tx) =>
        fn({
          lock: (...args) => tx.lock(...args),
          blocked: (...args) => tx.blocked(...args),
          seen: (...args) => tx.seen(...args),
          storeAtOnce: (...args) => tx.storeAtOnce(...args),
          ...change(tx),
        }),
      );
    },
  };
}
