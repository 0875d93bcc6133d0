import { CENTRAL_LIFE, type ExchangeRequest, type ExchangeResponse, SyncError } from "@tillsync/protocol";
import { answerOf } from "./answer.ts";
import { isDecision } from "./decisions.ts";
import { type Lost, lossShownBy } from "./evidence.ts";
import { wishOf } from "./feed-down.ts";
import { identityOfBody, type Reading } from "./interpret.ts";
import { narrowed } from "./narrowed.ts";
import { type Placed, place } from "./place.ts";
import type { IngestTransaction, Mark, Scope, StoredChange, TerminalLife } from "./ports.ts";
import { type ExchangeContext, type PreparedExchange, prepare } from "./prepare.ts";
import { receiptOf } from "./receipt-of.ts";
import { takeRepairs } from "./repair.ts";
import { runsOf } from "./runs.ts";
import { storeBatch } from "./store-batch.ts";
import { interpretPending } from "./sweep.ts";

/**
 * One exchange: everything a terminal sent is stored, interpreted and acknowledged in one transaction that touches one
 * store (design section 4.3).
 *
 * Storing comes first and cannot fail for what a change says. Applying runs inside a savepoint: when it throws, the
 * storage commits all the same, and the changes are interpreted one by one right after. So `durableThrough` always moves,
 * and nothing that is wrong with a sale's content can stop the ones behind it.
 *
 * @throws SyncError GAP, CHAIN_BROKEN, FORK (both versions kept), FEED_RESET, UNAVAILABLE
 */
export async function exchange(
  context: ExchangeContext,
  scope: Scope,
  request: ExchangeRequest,
): Promise<ExchangeResponse> {
  const life: TerminalLife = { terminal: request.terminal, incarnation: request.incarnation };
  if (life.incarnation === CENTRAL_LIFE) throw centralLife();
  const prepared = prepare(context, request);
  for (let sweeps = 0; ; sweeps++) {
    // Run again when another writer was in the way: it may have stored one of these changes.
    let mayRepeat = isResent(request);
    const done = await context.store.transaction(scope, (tx) => {
      const run = ingest(context, tx, life, { prepared, mayRepeat });
      mayRepeat = true;
      return run.catch(async (cause: unknown) => {
        const lost = await lossShownBy(cause, tx, request);
        if (lost === undefined) throw cause;
        return lost;
      });
    });
    if (done.kind === "lost") throw done.refusal;
    if (done.kind === "fork") throw forkError(done.seq, done.mark);
    if (done.kind === "stored" && !done.pending) return done.answer;
    // What could not be applied as a set is interpreted one by one: now, or, when a crash left it, before anything new.
    await context.store.transaction(scope, (tx) => sweep(context, tx, life));
    if (done.kind === "stored") return done.answer;
    if (sweeps >= MAX_SWEEPS)
      throw new SyncError(
        "UNAVAILABLE",
        "Earlier changes of this terminal are still being interpreted; come back in a moment.",
      );
  }
}

/** Changes of an earlier life come again with where they stood in it. */
function isResent({ changes }: ExchangeRequest): boolean {
  return changes.some(({ origin }) => origin !== undefined);
}

/** Each sweep interprets thousands of changes; a terminal that needs more of them than this comes back for the rest. */
const MAX_SWEEPS = 10;

async function sweep(context: ExchangeContext, tx: IngestTransaction, life: TerminalLife): Promise<void> {
  await tx.lock(life, context.nowMs());
  await interpretPending(tx, life.terminal, context);
}

type Ingested =
  | Lost
  | { readonly kind: "fork"; readonly seq: number; readonly mark: Mark }
  | { readonly kind: "sweep-first" }
  | { readonly kind: "stored"; readonly pending: boolean; readonly answer: ExchangeResponse };

async function ingest(
  context: ExchangeContext,
  tx: IngestTransaction,
  life: TerminalLife,
  { prepared, mayRepeat }: Pick<Batch, "prepared" | "mayRepeat">,
): Promise<Ingested> {
  const { request } = prepared;
  const nowMs = context.nowMs();
  const wish = wishOf(request, nowMs);
  tx.foreseeFeed?.(request.cursor, wish);
  const mark = await tx.lock(life, nowMs);
  if (mark.hasPending) return { kind: "sweep-first" };
  const last = Math.min(request.fromSeq + request.changes.length - 1, mark.durableThrough);
  const stored = last >= request.fromSeq ? await tx.hashes(life, request.fromSeq, last) : new Map<number, string>();
  const placement = place(request, mark, stored, context.sha256, prepared.links);
  if (placement.kind === "fork") {
    const { seq, forked } = placement;
    const rows = forked.map(({ seq: at, wire }) => ({
      ...{ seq: at, hash: wire.hash, body: wire.body, private: wire.private ?? null },
    }));
    if (rows.length > 0) await tx.keepForks(life, rows, nowMs);
    return { kind: "fork", seq, mark };
  }
  const comparison = request.compare && (await tx.compare(life, request.compare));
  const { fresh } = placement;
  const feed = await tx.feedAfter(life, request.cursor, narrowed(wish, context.feedOf?.(mark.kind ?? "")));
  const { repaired, again } = await takeRepairs(context.sha256, tx, request);
  // What was repaired comes before what is new: an order's earlier edit must not be applied after its later ones.
  const sweepFirst = repaired && fresh.length > 0;
  const next = sweepFirst ? mark : await storeAndApply(tx, life, { prepared, mayRepeat, mark, fresh, nowMs });
  const damaged = next.hasDamaged ? await tx.damaged(life, 1, 100) : [];
  // Nothing is new beside it, so this is all that the transaction tells.
  for (const { seqs, ...healed } of again) await tx.tellAgain(healed, seqs, nowMs);
  if (sweepFirst) return { kind: "sweep-first" };
  const need = damaged.map(({ seq }) => ({ incarnation: life.incarnation, seq }));
  const answer = answerOf(context.store.serverEpoch, { mark: next, feed, need, nowMs, comparison });
  return { kind: "stored", pending: next.hasPending || repaired, answer };
}

interface Batch {
  readonly prepared: PreparedExchange;
  /**
   * Whether a changeId may be stored already. A new change has a new one, so at first nobody looks: the unique index of
   * the store's changes refuses a repeat, and the transaction runs again with its eyes open.
   */
  readonly mayRepeat: boolean;
  readonly mark: Mark;
  readonly fresh: readonly Placed[];
  readonly nowMs: number;
}

async function storeAndApply(tx: IngestTransaction, life: TerminalLife, batch: Batch): Promise<Mark> {
  const { fresh, mark, nowMs } = batch;
  const { request, readings: all } = batch.prepared;
  const last = fresh.at(-1);
  if (!last) {
    await tx.seen(life, request.headSeq, nowMs);
    return mark;
  }
  const place = { durableThrough: last.seq, chainHash: last.wire.hash };
  const atOnce = storeWhole(tx, life, batch, place);
  if (atOnce !== undefined) return { ...mark, ...place, receipt: await atOnce };
  const readings = fresh.flatMap(({ seq }) => all[seq - request.fromSeq] ?? []);
  const changes = await judge(tx, batch, readings);
  const documents = readings.flatMap((reading, index) =>
    reading.ok && changes[index]?.effect === "applied" ? [reading.document] : [],
  );
  // Receipts that an earlier life printed say nothing of the numbers of this one.
  const advance = {
    ...place,
    headSeq: request.headSeq,
    receipt: receiptOf(readings.filter((_, index) => fresh[index]?.wire.origin === undefined)),
  };
  const { receipt, failed } = await storeBatch(tx, life, { changes, documents, place: advance, nowMs });
  const hasDamaged = mark.hasDamaged || changes.some(({ damaged }) => damaged);
  const hasPending = failed || changes.some(({ effect }) => effect === "pending");
  return { ...mark, ...place, receipt, hasDamaged, hasPending };
}

/** A request that is new as a whole goes as it was prepared; undefined when there is more to it. */
function storeWhole(
  tx: IngestTransaction,
  life: TerminalLife,
  { prepared, mayRepeat, mark, fresh, nowMs }: Batch,
  place: { durableThrough: number; chainHash: string },
): Promise<Mark["receipt"]> | undefined {
  const { whole, request } = prepared;
  if (whole === undefined || mayRepeat || mark.isSettled !== true || fresh.length !== request.changes.length)
    return undefined;
  const { receipt, changes, entities: documents, packed } = whole;
  const at = { ...place, headSeq: request.headSeq, receipt };
  return tx.storeAtOnce?.(life, { changes, documents, packed, place: at, runs: runsOf(changes), nowMs });
}

/** Decides the effect of each change as far as its own bytes and its entity's earlier changes tell. */
async function judge(
  tx: IngestTransaction,
  { fresh, mark, mayRepeat }: Pick<Batch, "fresh" | "mark" | "mayRepeat">,
  readings: readonly Reading[],
): Promise<StoredChange[]> {
  const identities = readings.map((reading) => (reading.ok ? identityOfBody(reading.body) : reading.identity));
  const known = await tx.knownChangeIds(mayRepeat ? identities.flatMap(({ changeId }) => changeId ?? []) : []);
  const localIds = mark.isSettled === true ? [] : identities.flatMap(({ localId }) => localId ?? []);
  const blocked = new Set(await tx.blocked([...new Set(localIds)]));
  const seen = new Set<string>();
  return fresh.map(({ seq, wire }, index) => {
    const reading = readings[index];
    const identity = identities[index] ?? { changeId: null, kind: null, localId: null };
    const repeat = identity.changeId !== null && (known.has(identity.changeId) || seen.has(identity.changeId));
    if (identity.changeId !== null) seen.add(identity.changeId);
    const verdict = verdictOf(reading, {
      repeat,
      resent: wire.origin !== undefined,
      blocked: identity.localId !== null && blocked.has(identity.localId),
    });
    if (verdict.effect === "parked" && identity.localId !== null) blocked.add(identity.localId);
    const { hash, body, origin = null, damaged = false } = wire;
    return { seq, hash, body, private: wire.private ?? null, origin, ...identity, damaged, repeat, ...verdict };
  });
}

type Verdict = Pick<StoredChange, "effect" | "code" | "message">;

function verdictOf(
  reading: Reading | undefined,
  facts: { repeat: boolean; resent: boolean; blocked: boolean },
): Verdict {
  if (facts.repeat) {
    if (facts.resent)
      return {
        effect: "conflict",
        code: "CHANGE_ID_REUSED",
        message: "This change came in an earlier life already and counts once.",
      };
    return {
      effect: "conflict",
      code: "CHANGE_ID_REUSED",
      message: "Another change with this changeId is stored; this one was kept and not applied.",
    };
  }
  if (reading === undefined || !reading.ok) {
    return {
      effect: "parked",
      code: reading?.code ?? "BODY_INVALID",
      message: reading?.message ?? "The change could not be read.",
    };
  }
  if (facts.blocked) {
    return {
      effect: "waiting",
      code: "WAITING_FOR_EARLIER",
      message: "An earlier change of the same entity waits for a person; this one follows it.",
    };
  }
  // It may give other changes their turn, so it is interpreted by itself, right after this.
  if (isDecision(reading.body)) return { effect: "pending", code: null, message: null };
  return { effect: "applied", code: null, message: null };
}

function centralLife(): SyncError {
  const expected = "an incarnation that the till drew at random";
  const message = `incarnation: ${expected}; got the one that the centre keeps for devices without a journal.`;
  return new SyncError("INVALID_INPUT", message, { field: "incarnation", expected });
}

function forkError(seq: number, mark: Mark): SyncError {
  const message = `Seq ${seq} of this life is not what this till had sent before: its database was copied or restored. Both versions were kept; the till goes on in a new life.`;
  const { durableThrough, chainHash, receipt: receiptCounter } = mark;
  return new SyncError("FORK", message, { seq, durableThrough, chainHash, receiptCounter });
}
