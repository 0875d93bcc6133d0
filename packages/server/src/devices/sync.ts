import { type KeptJson, type Sha256, SyncError, uuidFromHash } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Device } from "../directory/devices.ts";
import { isConflictCode } from "../ingest/conflict.ts";
import type { ExchangeContext } from "../ingest/exchange.ts";
import { entityKey, type Scope } from "../ingest/ports.ts";
import { type Outcome, type Submission, submit } from "../ingest/submit.ts";
import { type Item, readItem } from "./read-item.ts";
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
  const lost = submissions.filter((_, index) => isConflictCode(outcomes[index]?.code ?? null));
  const keys = lost.map(({ localId }) => ({ entity: what, localId }));
  const standing =
    lost.length === 0 ? new Map() : await inScope(context.pool, scope, (tx) => documentsOf(tx, scope, keys));
  let next = 0;
  return readings.map((reading): ItemResult => {
    if (reading instanceof SyncError) return refused(reading);
    const outcome = outcomes[next++];
    if (outcome === undefined) throw new Error("an item was stored without an outcome");
    const { submission } = reading;
    const serverId = serverIdOf(sha256, scope, what, submission.localId);
    const remote = standing.get(entityKey({ entity: what, localId: submission.localId }));
    return answered(reading, what, { outcome, serverId, remote });
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
