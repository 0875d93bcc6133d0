import { type KeptJson, type Sha256, SyncError, uuidFromHash } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Device } from "../directory/devices.ts";
import { conflictOf, isConflictCode } from "../ingest/conflict.ts";
import { entityKey, type Scope } from "../ingest/ports.ts";
import type { ExchangeContext } from "../ingest/prepare.ts";
import { type Outcome, type Submission, submit } from "../ingest/submit.ts";
import { type Item, readItem } from "./read-item.ts";
import { standingsOf } from "./standing.ts";
import { documentsOf } from "./updates.ts";

export interface DeviceContext {
  readonly ingest: ExchangeContext;
  readonly pool: pg.Pool;
}

/** 004's `SyncResponse` of one item, and what a log says of it. */
export interface ItemResult {
  /** JSON text. */
  readonly text: string;
  readonly localId: string | undefined;
  readonly what: "inserted" | "in sync" | "conflict" | "refused";
  /** Why it was refused; the single doors answer with it. */
  readonly refusal: SyncError | undefined;
}

export interface Parcel {
  readonly what: "order" | "transaction";
  /** `orders` or `transactions` in a batch; empty at the single doors. */
  readonly field: string;
  readonly items: readonly KeptJson[];
}

/** As many as one transaction takes at a time; the rest follow in the next. */
const CHUNK = 1_000;

/**
 * Stores what a device sent, item by item in its order; each gets its own answer. An item that cannot be read is refused
 * alone: those around it are stored.
 */
export async function syncItems(
  context: DeviceContext,
  scope: Scope,
  device: Device,
  { what, field, items }: Parcel,
): Promise<ItemResult[]> {
  const { sha256, nowMs } = context.ingest;
  const reading = { currency: device.currency, deviceId: device.deviceId, sha256, nowMs: nowMs() };
  const readings = items.map((item, index) => attempt(item, what, field === "" ? "" : `${field}[${index}]`, reading));
  const submissions = readings.flatMap((reading) => (reading instanceof SyncError ? [] : [reading.submission]));
  const outcomes: Outcome[] = [];
  for (let at = 0; at < submissions.length; at += CHUNK)
    outcomes.push(...(await submit(context.ingest, scope, device.terminal, submissions.slice(at, at + CHUNK))));
  const sent = submissions.map((submission, index) => ({ submission, outcome: outcomeAt(outcomes, index) }));
  const told = await sinceOvertaken(context, scope, device, { what, sent });
  const lost = submissions.filter((_, index) => isConflictCode(told[index]?.code ?? null));
  const keys = lost.map(({ localId }) => ({ entity: what, localId }));
  const standing =
    lost.length === 0 ? new Map() : await inScope(context.pool, scope, (tx) => documentsOf(tx, scope, keys));
  let next = 0;
  return readings.map((reading): ItemResult => {
    if (reading instanceof SyncError) return refused(reading);
    const outcome = outcomeAt(told, next++);
    const { submission } = reading;
    const serverId = serverIdOf(sha256, scope, what, submission.localId);
    const remote = standing.get(entityKey({ entity: what, localId: submission.localId }));
    return answered(reading, what, { outcome, serverId, remote });
  });
}

function outcomeAt(outcomes: readonly Outcome[], index: number): Outcome {
  const outcome = outcomes[index];
  if (outcome === undefined) throw new Error("an item was stored without an outcome");
  return outcome;
}

/**
 * A repeat was stored once and is told so, unless somebody else has changed the document since: then the server's version
 * is newer (004), and a device that never got its first answer would go on with its own for ever. Nothing is stored.
 */
async function sinceOvertaken(
  { pool }: DeviceContext,
  scope: Scope,
  { terminal }: Device,
  { what, sent }: { what: Parcel["what"]; sent: readonly { submission: Submission; outcome: Outcome }[] },
): Promise<Outcome[]> {
  const repeats = sent.filter(({ outcome }) => outcome.duplicate && outcome.effect === "applied");
  const keys = repeats.map(({ submission: { localId } }) => ({ entity: what, localId }));
  const standings = keys.length === 0 ? new Map() : await inScope(pool, scope, (tx) => standingsOf(tx, scope, keys));
  return sent.map(({ submission, outcome }) => {
    const standing = outcome.duplicate
      ? standings.get(entityKey({ entity: what, localId: submission.localId }))
      : undefined;
    if (outcome.effect !== "applied" || standing === undefined || standing.terminal === terminal) return outcome;
    const isSame = standing.state !== "deleted" && standing.contentHash === submission.payload.contentHash;
    return isSame ? outcome : { ...outcome, ...conflictOf(standing, submission, terminal) };
  });
}

function attempt(...[value, what, field, context]: Parameters<typeof readItem>): Item | SyncError {
  try {
    return readItem(value, what, field, context);
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
}

function refused(refusal: SyncError): ItemResult {
  const { code, message, details } = refusal;
  const text = JSON.stringify({ success: false, message, error: { ...details, code, retryable: refusal.retryable } });
  return { text, localId: undefined, what: "refused", refusal };
}

function answered(
  { submission, contentHash }: Item,
  entity: Parcel["what"],
  { outcome, serverId, remote }: { outcome: Outcome; serverId: string; remote: string | undefined },
): ItemResult {
  const { localId } = submission;
  const common = { serverId, syncedAt: Math.round(outcome.receivedAtMs) };
  if (outcome.effect !== "conflict") {
    const text = JSON.stringify({ success: true, ...common });
    return { text, localId, what: outcome.duplicate ? "in sync" : "inserted", refusal: undefined };
  }
  const conflict = conflictText(submission, { entity, outcome, contentHash, remote });
  const head = JSON.stringify({ success: false, ...common, message: outcome.message });
  const text = `${head.slice(0, -1)},"conflicts":[${conflict}]}`;
  return { text, localId, what: "conflict", refusal: undefined };
}

/** One entry of `conflicts`: requirement 002's names, both versions and hashes, and the version that stands. */
function conflictText(
  { localId, version }: Submission,
  facts: { entity: string; outcome: Outcome; contentHash: string; remote: string | undefined },
): string {
  const { entity, outcome, contentHash, remote } = facts;
  const conflict = {
    entityType: entity.toUpperCase(),
    entityId: localId,
    conflictType: outcome.code,
    resolution: "SERVER_WINS",
    localVersion: version,
    localHash: contentHash,
  };
  return `${JSON.stringify(conflict).slice(0, -1)},"remoteData":${remote ?? "null"}}`;
}

/** 004's `serverId`: the same for a document whoever asks and however often; nothing has to be kept for it. */
export function serverIdOf(sha256: Sha256, { orgId, storeId }: Scope, entity: string, localId: string): string {
  return uuidFromHash(sha256(["tillsync/server-id/1", orgId, storeId, entity, localId].join("\n")));
}
