import { sha256 } from "@tillsync/engine";
import { CHAIN_START, ERASED, type ExchangeRequest, linkHash, wantedPrivate } from "@tillsync/protocol";
import { type FeedReader, feedPage, type IngestTransaction, type Slice, type Told } from "@tillsync/server/ingest";
import type { SettlementStore, SettlementTransaction } from "@tillsync/server/settlement";
import { memoryFeed } from "../centre/feed.ts";
import { flipped } from "../till/disk.ts";
import type { Variant } from "./variant.ts";
import { memoryOf, withStatements } from "./wrap.ts";

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
          const totals = [...(row.judgement.manifest ?? row.judgement).totals];
          const said = { ...NOTHING_NEEDED, state: "settled" as const, exceptions: [], exceptionCount: 0 };
          return tx.record(place, ...recast(row, entry, { ...said, totals }), nowMs);
        },
      })),
  },
  {
    name: "judges-without-hashing",
    likelySeed: 2,
    breaks: "a row counts by the hash that is kept beside it, and nobody hashes its bytes: what rotted is settled",
    caughtBy: ["I1", "I21", "I34"],
    needs: ["rotAtCentre"],
    settlements: (store) =>
      withJudge(store, (tx) => ({
        flag: async () => {},
        record: (place, row, entry, nowMs) => {
          const state = row.judgement.exceptionCount > 0 ? "settled-with-exceptions" : "settled";
          return tx.record(place, ...recast(row, entry, { ...NOTHING_NEEDED, state }), nowMs);
        },
      })),
  },
  {
    name: "heals-with-anything",
    likelySeed: 3,
    breaks: "a copy that a till sends for a damaged row is taken as it came, and no side checks that it fits the chain",
    caughtBy: ["I1", "I21", "I34"],
    needs: ["rotAtCentre"],
    transport: (transport) => ({
      exchange: (request, signal, id) => {
        const repair = request.repair?.map((each) => ({ ...each, body: flipped(each.body) }));
        return transport.exchange({ ...request, ...(repair && { repair }) }, signal, id);
      },
    }),
    exchange: (exchange) => async (context, scope, request) => {
      if (request.repair?.length)
        await context.store.transaction(scope, (tx) => takeAnything(tx, request, context.nowMs()));
      return exchange(context, scope, { ...request, repair: [] });
    },
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
    likelySeed: 4,
    breaks: "a shift is not judged again when bytes of it were repaired",
    caughtBy: ["I12", "I34", "I21"],
    needs: ["misread"],
    ingest: (store) => withStatements(store, () => ({ rejudge: async () => {} })),
  },
  {
    name: "tells-what-is-stored",
    likelySeed: 5,
    breaks: "the feed tells stored bytes as they are, and nobody hashes them",
    caughtBy: ["I13"],
    needs: ["rotAtCentre"],
    ingest: (store) => withStatements(store, (tx) => ({ feedAfter: toldAsStored(tx) })),
  },
  {
    name: "repair-is-not-told",
    likelySeed: 2,
    breaks:
      "bytes that come back are put where they belong, and the tills that were told without them never hear of it",
    caughtBy: ["I13"],
    needs: ["rotAtCentre", "misread"],
    ingest: (store) => withStatements(store, () => ({ tellAgain: async () => {} })),
    settlements: (store) => withJudge(store, () => ({ tellAgain: async () => {} })),
  },
  {
    name: "takes-absence-for-erasure",
    likelySeed: 5,
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
    likelySeed: 6,
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

function toldAsStored(tx: IngestTransaction): IngestTransaction["feedAfter"] {
  const { storeId, view } = memoryOf(tx);
  const reader = memoryFeed(view, async () => {});
  const told: FeedReader["told"] = async (slices, ...more) => {
    const rows = await reader.told(slices, ...more);
    return rows.map((row) => ({ ...row, hash: fitting(slices, row) }));
  };
  return (life, token, wish) => feedPage({ ...reader, told }, { life, storeId, sha256 }, token, wish);
}

function fitting(slices: readonly Slice[], { n, seq, body, hash, prevHash, origin }: Told): string {
  const slice = slices.find((one) => one.n === n);
  if (slice === undefined || body === null) return hash;
  const { terminal, incarnation } = slice;
  const before = seq === 1 ? CHAIN_START : (prevHash ?? "");
  return linkHash(sha256, { terminal, incarnation, seq, prevHash: before, origin: origin ?? undefined, body });
}

const NOTHING_NEEDED = { need: [], needCount: 0 };

type Recorded = Parameters<SettlementTransaction["record"]>;

/** A judgement that says something else, here and to the till. */
function recast(
  row: Recorded[1],
  entry: Recorded[2],
  said: Partial<Recorded[1]["judgement"]>,
): [Recorded[1], Recorded[2]] {
  const judgement = { ...row.judgement, ...said };
  const { totals: _totals, ...told } = said;
  return [{ ...row, judgement }, entry && { ...entry, settlement: { ...entry.settlement, ...told } }];
}

async function takeAnything(tx: IngestTransaction, { terminal, repair = [] }: ExchangeRequest, nowMs: number) {
  for (const { incarnation, seq, body } of repair) {
    const life = { terminal, incarnation };
    await tx.lock(life, nowMs);
    const row = (await tx.damaged(life, seq, 1)).find((each) => each.seq === seq);
    if (row === undefined) continue;
    const { hash, origin } = row;
    const { kind, localId, changeId } = JSON.parse(body) as { kind: string; localId: string; changeId: string };
    await tx.repair(life, seq, { body, hash, origin, kind, localId, changeId, repeat: false });
    await tx.rejudge(life, [seq], [seq]);
  }
}

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
    sentAgain: (...args) => tx.sentAgain(...args),
    flag: (...args) => tx.flag(...args),
    record: (...args) => tx.record(...args),
    tellAgain: (...args) => tx.tellAgain(...args),
    due: (...args) => tx.due(...args),
    noteLacked: (...args) => tx.noteLacked(...args),
  };
}
