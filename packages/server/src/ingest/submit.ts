import { CENTRAL_LIFE, canonicalText, linkHash, SyncError, uuidFromHash } from "@tillsync/protocol";
import { conflictOf } from "./conflict.ts";
import { canFollow, identityOfBody, type Reading, read, standsAlready } from "./interpret.ts";
import {
  type DocumentRow,
  entityKey,
  type IngestTransaction,
  type Mark,
  type Scope,
  type Standing,
  type StoredChange,
  type StoredEffect,
  type TerminalLife,
} from "./ports.ts";
import type { ExchangeContext } from "./prepare.ts";
import { storeBatch } from "./store-batch.ts";
import { interpretPending } from "./sweep.ts";

/** A whole document as somebody without a journal sent it, ready to become a change. */
export interface Submission {
  readonly kind: "order.submitted" | "transaction.submitted" | "inventory.submitted" | WithdrawnKind;
  readonly localId: string;
  readonly version: number;
  readonly businessDate: string;
  readonly occurredAt: string;
  /** As `PAYLOADS` has it for the kind. */
  readonly payload: { readonly contentHash?: string | undefined; readonly [field: string]: unknown };
}
type WithdrawnKind = "order.withdrawn" | "transaction.withdrawn";

/** What became of one submission. A repeat is told what it was told the first time. */
export interface Outcome extends StoredEffect {
  /** True when the centre had exactly this already. */
  readonly duplicate: boolean;
}

/**
 * Stores whole documents of one device, and applies those that may follow what stands; seq and chain are given here.
 * One transaction of one store, with the locks, the order and the guarantees of `exchange`: what is answered is stored,
 * a document that cannot be applied holds up no other, and two devices that send the same document follow each other.
 *
 * A submission whose content stands already, or that came before, is a duplicate and stores nothing. One that may not
 * follow what stands is stored as a conflict, once.
 *
 * @param terminal the device's row; @throws SyncError FORBIDDEN, UNAVAILABLE
 */
export async function submit(
  context: ExchangeContext,
  scope: Scope,
  terminal: string,
  submissions: readonly Submission[],
): Promise<Outcome[]> {
  const life: TerminalLife = { terminal, incarnation: CENTRAL_LIFE };
  for (let sweeps = 0; ; sweeps++) {
    const done = await context.store.transaction(scope, (tx) => ingest(context, tx, life, submissions));
    if (done.kind === "stored") return done.outcomes;
    if (sweeps >= MAX_SWEEPS) {
      const message = "Earlier changes of this device are still being interpreted; come back in a moment.";
      throw new SyncError("UNAVAILABLE", message);
    }
    // One by one, what could not be applied as a set. Then all of it is found to be there, with its effect.
    await context.store.transaction(scope, async (tx) => {
      await tx.lock(life, context.nowMs());
      await interpretPending(tx, terminal, context);
    });
  }
}

const MAX_SWEEPS = 10;

type Ingested = { readonly kind: "sweep-first" } | { readonly kind: "stored"; readonly outcomes: Outcome[] };

async function ingest(
  { sha256, nowMs: now }: ExchangeContext,
  tx: IngestTransaction,
  life: TerminalLife,
  submissions: readonly Submission[],
): Promise<Ingested> {
  const nowMs = now();
  const mark = await tx.lock(life, nowMs);
  if (mark.hasPending) return { kind: "sweep-first" };
  const items = submissions.map((submission) => ({
    submission,
    changeId: changeIdOf(sha256, life.terminal, submission),
    key: { entity: entityOfKind(submission.kind), localId: submission.localId },
  }));
  const keys = [...new Map(items.map(({ key }) => [entityKey(key), key])).entries()];
  const sorted = keys.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
  const standings = new Map(await tx.standings(sorted));
  const known = new Map(await tx.effectsOf([...new Set(items.map(({ changeId }) => changeId))]));
  const blocked = new Set(await tx.blocked(sorted.map(({ localId }) => localId)));
  const chain = new Chain(sha256, life, mark);
  const documents: DocumentRow[] = [];
  const outcomes = items.map(({ submission, changeId, key }): Outcome => {
    const before = known.get(changeId);
    if (before) return { ...before, duplicate: true };
    const standing = standings.get(entityKey(key));
    if (standing && standsAlready(standing, meantBy(submission)))
      return { effect: "applied", code: null, message: null, receivedAtMs: nowMs, duplicate: true };
    const { reading, change } = chain.next(submission, changeId);
    const verdict = verdictOf(reading, { standing, blocked: blocked.has(submission.localId), terminal: life.terminal });
    chain.judge(change, verdict);
    if (verdict.effect === "applied" && reading.ok) {
      documents.push(reading.document);
      standings.set(entityKey(key), { ...reading.document, terminal: life.terminal });
    } else if (verdict.effect === "parked") blocked.add(submission.localId);
    known.set(changeId, { ...verdict, receivedAtMs: nowMs });
    return { ...verdict, receivedAtMs: nowMs, duplicate: false };
  });
  if (chain.changes.length === 0) return { kind: "stored", outcomes };
  const { durableThrough, chainHash } = chain;
  const place = { durableThrough, chainHash, headSeq: durableThrough, receipt: null };
  const { failed } = await storeBatch(tx, life, { changes: chain.changes, documents, place, nowMs });
  return failed ? { kind: "sweep-first" } : { kind: "stored", outcomes };
}

/** The changes of one batch, each in its place behind the one before. */
class Chain {
  readonly changes: StoredChange[] = [];
  durableThrough: number;
  chainHash: string;
  readonly #sha256: ExchangeContext["sha256"];
  readonly #life: TerminalLife;

  constructor(sha256: ExchangeContext["sha256"], life: TerminalLife, mark: Mark) {
    this.#sha256 = sha256;
    this.#life = life;
    this.durableThrough = mark.durableThrough;
    this.chainHash = mark.chainHash;
  }

  next(submission: Submission, changeId: string) {
    const seq = this.durableThrough + 1;
    const body = canonicalText({ ...submission, changeId });
    const hash = linkHash(this.#sha256, { ...this.#life, seq, prevHash: this.chainHash, body });
    const reading = read({ ...this.#life, seq, body, private: null, damaged: false }, this.#sha256);
    this.durableThrough = seq;
    this.chainHash = hash;
    const identity = reading.ok ? identityOfBody(reading.body) : reading.identity;
    const change = { seq, hash, body, private: null, origin: null, ...identity, damaged: false, repeat: false };
    return { reading, change };
  }

  judge(change: Omit<StoredChange, keyof Verdict>, verdict: Verdict): void {
    this.changes.push({ ...change, ...verdict });
  }
}

type Verdict = Pick<StoredChange, "effect" | "code" | "message">;

function verdictOf(
  reading: Reading,
  { standing, blocked, terminal }: { standing: Standing | undefined; blocked: boolean; terminal: string },
): Verdict {
  if (!reading.ok) return { effect: "parked", code: reading.code, message: reading.message };
  if (standing && !canFollow(standing, reading.document, terminal))
    return conflictOf(standing, reading.document, terminal);
  if (!blocked) return { effect: "applied", code: null, message: null };
  const message = "An earlier change of the same entity waits for a person; this one follows it.";
  return { effect: "waiting", code: "WAITING_FOR_EARLIER", message };
}

/** The same document of the same device has the same id, so sending it again can be told from sending another. */
function changeIdOf(sha256: ExchangeContext["sha256"], terminal: string, submission: Submission): string {
  const { kind, localId, version, payload } = submission;
  return uuidFromHash(
    sha256(["tillsync/submission/1", terminal, kind, localId, version, payload.contentHash ?? ""].join("\n")),
  );
}

/** What a submission would make of its document, as far as it tells whether that stands already. */
function meantBy({ kind, payload }: Submission): Pick<DocumentRow, "state" | "contentHash"> {
  const state = kind.endsWith(".withdrawn") ? "deleted" : kind.startsWith("order.") ? "closed" : "recorded";
  return { state, contentHash: payload.contentHash ?? null };
}

function entityOfKind(kind: Submission["kind"]): DocumentRow["entity"] {
  return kind.slice(0, kind.indexOf(".")) as DocumentRow["entity"];
}
