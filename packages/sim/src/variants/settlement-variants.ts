import { ERASED, wantedPrivate } from "@tillsync/protocol";
import type { SettlementStore, SettlementTransaction } from "@tillsync/server/settlement";
import type { Variant } from "./variant.ts";
import { withStatements } from "./wrap.ts";

/** Ways in which the judgement of closed shifts can be wrong. */
export const SETTLEMENT_VARIANTS: readonly Variant[] = [
  {
    name: "settles-by-manifest",
    breaks: "what the till says of its shift is believed, and nothing is added up from the bytes",
    caughtBy: ["I21"],
    needs: ["poison"],
    settlements: (store) =>
      withJudge(store, (tx) => ({
        record: (place, row, entry, nowMs) => {
          const { manifest } = row.judgement;
          const state = "settled" as const;
          const said = { state, exceptions: [], exceptionCount: 0, need: [], needCount: 0 };
          const totals = [...(manifest ?? row.judgement).totals];
          const judgement = { ...row.judgement, ...said, totals };
          const settlement = entry && { ...entry.settlement, ...said };
          return tx.record(place, { ...row, judgement }, entry && settlement && { ...entry, settlement }, nowMs);
        },
      })),
  },
  {
    name: "judges-only-behind-answers",
    breaks: "a server that dies between storing a closing and judging it leaves it to nobody",
    caughtBy: ["I12", "I34"],
    needs: ["serverCrashAtPoint", "commitUnknownAtCentre"],
    settlements: (store, database) => {
      database.unsettled = () => [];
      return store;
    },
  },
  {
    name: "judges-once",
    breaks: "a shift is not judged again when bytes of it were repaired",
    caughtBy: ["I12", "I34", "I21"],
    needs: ["misread"],
    ingest: (store) => withStatements(store, () => ({ rejudge: async () => {} })),
  },
  {
    name: "takes-absence-for-erasure",
    breaks: "a private part that is missing is taken for one that was erased",
    caughtBy: ["I21"],
    needs: ["privateRot"],
    settlements: (store) =>
      withJudge(store, (tx) => ({
        rows: async (...args) =>
          (await tx.rows(...args)).map((row) =>
            row.private === null && wantedPrivate(row.body ?? "") !== undefined ? { ...row, private: ERASED } : row,
          ),
      })),
  },
  {
    name: "keeps-stray-private-parts",
    breaks: "a private part that was doubled into another change stays there",
    caughtBy: ["I21"],
    needs: ["privateRot"],
    settlements: (store) =>
      withJudge(store, (tx) => ({ flag: (life, marks, nowMs) => tx.flag(life, { ...marks, strays: [] }, nowMs) })),
  },
  {
    name: "tells-nobody",
    breaks: "a judgement is kept, and its till never hears of it",
    caughtBy: ["I12", "I34"],
    settlements: (store) =>
      withJudge(store, (tx) => ({ record: (place, row, _entry, nowMs) => tx.record(place, row, null, nowMs) })),
  },
];

/** A judge's transaction with some statements done in another way. */
function withJudge(
  store: SettlementStore,
  change: (tx: SettlementTransaction) => Partial<SettlementTransaction>,
): SettlementStore {
  return { transaction: (scope, fn) => store.transaction(scope, (tx) => fn({ ...statementsOf(tx), ...change(tx) })) };
}

function statementsOf(tx: SettlementTransaction): SettlementTransaction {
  return {
    lock: (...args) => tx.lock(...args),
    judged: (...args) => tx.judged(...args),
    mark: (...args) => tx.mark(...args),
    rows: (...args) => tx.rows(...args),
    flag: (...args) => tx.flag(...args),
    record: (...args) => tx.record(...args),
    due: (...args) => tx.due(...args),
    noteLacked: (...args) => tx.noteLacked(...args),
  };
}
