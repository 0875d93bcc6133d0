import { CENTRAL_LIFE, type ExchangeRequest, type ExchangeResponse, SyncError } from "@tillsync/protocol";
import { answerOf } from "./answer.ts";
import { exchange } from "./exchange.ts";
import { isUnderWay, wishOf } from "./feed-down.ts";
import { narrowed } from "./narrowed.ts";
import { entityKey, type JointTransaction, type Mark, type Scope } from "./ports.ts";
import { type ExchangeContext, type PreparedExchange, prepare } from "./prepare.ts";
import { runsOf } from "./runs.ts";
import { MAX_JOINT_CHANGES } from "./whole-batch.ts";

/**
 * Exchanges of one store that had to wait at the same moment. Those that are simple share one transaction, with its locks,
 * its place in the feed and its flush; each of the others, and all of them when the shared one fails, has one of its own,
 * one after the other. To a terminal it makes no difference.
 *
 * @returns an answer for each, in the order given, with the errors of `exchange`
 */
export function exchangeTogether(
  context: ExchangeContext,
  scope: Scope,
  requests: readonly ExchangeRequest[],
): Promise<ExchangeResponse>[] {
  const shared = share(context, scope, requests);
  let turn: Promise<unknown> = shared;
  const alone = (request: ExchangeRequest) => {
    const answer = turn.then(() => exchange(context, scope, request));
    turn = answer.catch(() => {});
    return answer;
  };
  return requests.map((request) => shared.then((answers) => answers.get(request) ?? alone(request)));
}

type Answers = ReadonlyMap<ExchangeRequest, ExchangeResponse>;
const NONE: Answers = new Map();

async function share(context: ExchangeContext, scope: Scope, requests: readonly ExchangeRequest[]): Promise<Answers> {
  const { store, nowMs } = context;
  if (requests.length < 2 || store.jointTransaction === undefined) return NONE;
  try {
    const ready = requests.map((request) => prepare(context, request)).filter(isSimple);
    const [first] = ready;
    // They are told of the feed by one statement: those of an older release, which want less, go alone.
    const simple = withoutRivals(ready.filter(({ request }) => request.feed === first?.request.feed));
    if (simple.length < 2) return NONE;
    return await store.jointTransaction(scope, (tx) => ingestAll(tx, simple, context, nowMs()));
  } catch (error) {
    // A database that cannot be used is no better for one at a time. Anything else is about one of them: each finds out.
    if (error instanceof SyncError && error.code === "UNAVAILABLE") throw error;
    return NONE;
  }
}

/** What has to be judged, repaired or looked up has a transaction of its own; so has a terminal that begins to learn of others. */
function isSimple({ request, whole }: PreparedExchange): boolean {
  const { changes, repair = [], incarnation, cursor, feed, compare } = request;
  if (compare !== undefined) return false;
  if (feed === "none" || (feed !== undefined && (cursor === null || isUnderWay(cursor)))) return false;
  return repair.length === 0 && incarnation !== CENTRAL_LIFE && (changes.length === 0 || whole !== undefined);
}

/** One exchange a terminal, and one change an entity: the later one comes after the shared transaction. */
function withoutRivals(exchanges: readonly PreparedExchange[]): PreparedExchange[] {
  const taken = new Set<string>();
  return exchanges.filter(({ request: { terminal }, whole }) => {
    const keys = [terminal, ...(whole?.changes ?? []).flatMap(({ changeId }) => changeId ?? [])];
    const names = [...keys, ...(whole?.entities ?? []).map(entityKey)];
    if (names.some((name) => taken.has(name))) return false;
    for (const name of names) taken.add(name);
    return true;
  });
}

async function ingestAll(
  tx: JointTransaction,
  exchanges: readonly PreparedExchange[],
  { store, feedOf }: ExchangeContext,
  nowMs: number,
): Promise<Answers> {
  const [first] = exchanges;
  if (first === undefined) return NONE;
  const wish = wishOf(first.request, nowMs);
  const standings = await tx.lock(
    exchanges.map(({ request: { terminal, incarnation, cursor } }) => ({ terminal, incarnation, cursor })),
    wish,
  );
  const placed = exchanges.flatMap((prepared, index) => {
    const { mark, feed } = standings[index] ?? {};
    if (mark === undefined || feed === undefined || !fits(prepared, mark)) return [];
    // One whose kind is told less than the others is told by itself.
    return narrowed(wish, feedOf?.(mark.kind ?? "")) === wish ? { prepared, mark, feed } : [];
  });
  const blocked = await blockedOf(tx, placed);
  const fitting = placed.filter(({ prepared }) => !namesAny(prepared, blocked));
  const batches = fitting.flatMap(({ prepared }) => batchOf(prepared, nowMs) ?? []);
  const idle = fitting.filter(({ prepared }) => prepared.whole === undefined);
  await tx.seen(
    idle.map(({ prepared: { request } }) => request),
    nowMs,
  );
  const receipts = await tx.storeAtOnce(batches, nowMs);
  const moved = new Map(
    batches.map((batch, index) => [batch.terminal, { ...batch.place, receipt: receipts[index] ?? null }]),
  );
  return new Map(
    fitting.map(({ prepared, mark, feed }) => {
      const next: Mark = { ...mark, ...moved.get(prepared.request.terminal) };
      return [prepared.request, answerOf(store.serverEpoch, { mark: next, feed, need: [], nowMs })];
    }),
  );
}

/** Documents with a change that waits or is parked: what follows it has to wait as well, and goes alone. */
async function blockedOf(
  tx: JointTransaction,
  placed: readonly { readonly prepared: PreparedExchange; readonly mark: Mark }[],
): Promise<ReadonlySet<string>> {
  if (placed.every(({ mark }) => mark.isSettled === true)) return new Set();
  const localIds = placed.flatMap(({ prepared: { whole } }) => (whole?.entities ?? []).map(({ localId }) => localId));
  return tx.blocked([...new Set(localIds)]);
}

function namesAny({ whole }: PreparedExchange, localIds: ReadonlySet<string>): boolean {
  return localIds.size > 0 && (whole?.entities ?? []).some(({ localId }) => localIds.has(localId));
}

/** All of it new, right after the mark, and nothing of the terminal in the way. */
function fits({ request, links }: PreparedExchange, mark: Mark): boolean {
  if (mark.hasPending || mark.hasDamaged) return false;
  const { fromSeq, prevHash, changes } = request;
  return fromSeq === mark.durableThrough + 1 && prevHash === mark.chainHash && links.length === changes.length;
}

function batchOf({ request, whole }: PreparedExchange, nowMs: number) {
  const last = request.changes.at(-1);
  if (whole === undefined || last === undefined) return undefined;
  const { terminal, incarnation, headSeq, fromSeq, changes } = request;
  const durableThrough = fromSeq + changes.length - 1;
  const place = { durableThrough, chainHash: last.hash, headSeq, receipt: whole.receipt };
  const { changes: stored, entities: documents, packed } = whole;
  return { terminal, incarnation, changes: stored, documents, packed, place, runs: runsOf(stored), nowMs };
}

/** Whether an exchange may go with those that are chosen already: together they stay small, so that nobody waits for long. */
export function mayShare(chosen: readonly ExchangeRequest[], next: ExchangeRequest): boolean {
  const changes = chosen.reduce((sum, request) => sum + request.changes.length, next.changes.length);
  return changes <= MAX_JOINT_CHANGES && chosen.length < MAX_JOINT_EXCHANGES;
}

/** Each costs a look at its mark and its feed; sixteen are answered within some ten milliseconds. */
const MAX_JOINT_EXCHANGES = 16;
