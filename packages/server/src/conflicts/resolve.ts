import {
  DELETED,
  type FieldValue,
  isKeptObject,
  type KeptJson,
  parseKeepingNumbers,
  type RecordEdit,
  SyncError,
} from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import { readItem } from "../devices/read-item.ts";
import { standingsOf } from "../devices/standing.ts";
import { type Devices, HEAD_OFFICE } from "../directory/devices.ts";
import { isConflictCode } from "../ingest/conflict.ts";
import { entityKey, type Scope } from "../ingest/ports.ts";
import type { ExchangeContext } from "../ingest/prepare.ts";
import { submit } from "../ingest/submit.ts";
import { headOfficeStamp } from "../records/state.ts";
import { lockWriter, type RecordContext, readRecords, writeRecords } from "../records/writer.ts";
import { rowOf } from "./inbox.ts";
import { bodyAt, type ConflictRecord, type ConflictRow, recordOf } from "./record.ts";
import { LOCK_ONE, RESOLVE } from "./statements.ts";

export interface ResolveContext {
  readonly pool: pg.Pool;
  readonly ingest: ExchangeContext;
  readonly devices: Devices;
  readonly records: RecordContext;
}

export interface Resolving {
  readonly id: number;
  /** `mine`: the version that had lost stands from now on. `theirs`: the one that stands goes on. `merge`: `fields` of the one that had lost. */
  readonly keep: "mine" | "theirs" | "merge";
  readonly fields: readonly string[];
  readonly actor: string;
  readonly reason: string;
}

const RESOLUTION = { mine: "KEEP_MINE", theirs: "KEEP_THEIRS", merge: "MERGED" } as const;

/**
 * Carries out what a person decided about a conflict, once. A version that had lost comes back as a new version, an edit of
 * head office with who and why, so every till and device hears of it; what stood until then is kept like any version before.
 *
 * @throws SyncError NOT_FOUND; CONFLICT_RESOLVED when somebody has decided already; ALREADY_CLOSED or DELETED_ITEM for a
 *   document that takes no edit any more; INVALID_INPUT for fields that are in neither version
 */
export function resolveConflict(context: ResolveContext, scope: Scope, resolving: Resolving): Promise<ConflictRecord> {
  return inScope(context.pool, scope, async (client) => {
    const { id, keep, fields, actor, reason } = resolving;
    const at = [scope.orgId, scope.storeId, id];
    const { rows } = await client.query<{ resolved: Date | null }>(LOCK_ONE, at);
    const row = await rowOf(client, scope, id);
    if (rows[0]?.resolved) throw resolvedAlready(row);
    if (keep !== "theirs") await restore(context, client, scope, { row, resolving });
    const taken = keep === "merge" ? JSON.stringify(fields) : null;
    await client.query(RESOLVE, [...at, RESOLUTION[keep], actor, reason, taken, new Date(context.records.nowMs())]);
    return recordOf(await rowOf(client, scope, id));
  });
}

interface Restoring {
  readonly row: ConflictRow;
  readonly resolving: Resolving;
}

async function restore(context: ResolveContext, client: pg.PoolClient, scope: Scope, what: Restoring): Promise<void> {
  const { entityType } = what.row;
  if (entityType === "customer") await restoreFields(context.records, client, scope, what);
  else if (entityType === "order" || entityType === "transaction")
    await restoreDocument(context, client, scope, what, entityType);
  else throw isFinal(entityType);
}

/** In this transaction: the record, the row that tills read, and that it is resolved. */
async function restoreFields(
  { rows, nowMs }: RecordContext,
  client: pg.PoolClient,
  scope: Scope,
  { row, resolving }: Restoring,
): Promise<void> {
  if (row.local === null)
    throw new SyncError("NOT_FOUND", "What this version said was erased; it cannot come back.", { field: "id" });
  const local = row.local as Readonly<Record<string, FieldValue>>;
  const names = chosen(resolving, Object.keys(local));
  const set = Object.fromEntries(names.map((name) => [name, local[name] ?? null]));
  // A version that lost to a deletion comes back with its record.
  const isDeleted = (row.remote as Readonly<Record<string, FieldValue>> | null)?.[DELETED] === true;
  if (isDeleted && !names.includes(DELETED)) set[DELETED] = null;
  await lockWriter(client, scope);
  const desk = await readRecords(rows, client, scope, { ids: [row.entityId], nowMs: nowMs() });
  const before = desk.record(row.entityId)?.fields ?? {};
  const base = Object.fromEntries(Object.entries(before).map(([name, { value }]) => [name, value]));
  const stamp = headOfficeStamp(laterThan(before, nowMs()), scope.storeId, row.id);
  const edit: RecordEdit = { stamp, set, base, add: {} };
  const [refused] = desk.merge(row.entityId, edit, "per-field");
  if (refused?.type === "BODY_INVALID")
    throw new SyncError("BODY_INVALID", "With these fields it would be no customer any more; choose others.", {});
  await writeRecords({ rows, nowMs }, client, scope, desk);
}

/** A person has just seen what stands: their decision comes after it, whatever the clocks say. */
function laterThan(fields: Readonly<Record<string, { stamp: { effectiveAtMs: number } }>>, nowMs: number): number {
  return Math.max(nowMs, ...Object.values(fields).map(({ stamp }) => stamp.effectiveAtMs + 1));
}

function chosen({ keep, fields }: Resolving, names: readonly string[]): readonly string[] {
  if (keep === "mine") return names;
  const unknown = fields.find((field) => !names.includes(field));
  if (unknown === undefined && fields.length > 0) return fields;
  const expected = `one or more of ${names.slice(0, 20).join(", ")}`;
  const details = { field: "fields", expected, got: (unknown ?? "none").slice(0, 64) };
  throw new SyncError("INVALID_INPUT", `fields: ${expected}; got ${details.got}.`, details);
}

/** By head office's own way: the next version of the document, of which every device hears. */
async function restoreDocument(
  { ingest, devices }: ResolveContext,
  client: pg.PoolClient,
  scope: Scope,
  { row, resolving }: Restoring,
  entity: "order" | "transaction",
): Promise<void> {
  const key = { entity, localId: row.entityId };
  const standing = (await standingsOf(client, scope, [key])).get(entityKey(key));
  const lost = await bodyAt(client, scope, [row.terminal, row.incarnation, row.seq]);
  if (standing === undefined || lost === undefined)
    throw new SyncError("NOT_FOUND", "The bytes of this version are not there; it cannot come back.", { field: "id" });
  if (standing.contentHash === null || !("content" in lost.payload)) throw isFinal(entity);
  if (standing.state === "deleted")
    throw new SyncError("DELETED_ITEM", `This ${entity} was deleted; it stays so. Record it again under another id.`);
  const stands = await bodyAt(client, scope, [row.byTerminal, row.byIncarnation, row.bySeq]);
  const mine = parseKeepingNumbers(lost.payload.content);
  const theirs = stands && "content" in stands.payload ? parseKeepingNumbers(stands.payload.content) : undefined;
  const document = resolving.keep === "mine" ? mine : mergedOf(resolving, mine, theirs);
  const { currency } = lost.payload;
  const reading = { currency, deviceId: HEAD_OFFICE, sha256: ingest.sha256, nowMs: ingest.nowMs() };
  const { submission } = readItem({ [entity]: document, localId: row.entityId }, entity, "", reading);
  const { actor, reason } = resolving;
  const device = await devices.named(scope, HEAD_OFFICE);
  const payload = { ...submission.payload, actor, reason };
  const [outcome] = await submit(ingest, scope, device.terminal, [
    { ...submission, version: standing.version + 1, payload },
  ]);
  if (outcome && isConflictCode(outcome.code))
    throw new SyncError("UNAVAILABLE", "This document was changed just now; look at it and decide again.");
}

/** What stands, with some fields of the version that had lost. */
function mergedOf(resolving: Resolving, mine: KeptJson, theirs: KeptJson | undefined): KeptJson {
  if (!isKeptObject(mine)) throw isFinal("document");
  const names = chosen(resolving, Object.keys(mine));
  const taken = Object.fromEntries(names.map((name) => [name, mine[name] ?? null]));
  return { ...(isKeptObject(theirs) ? theirs : {}), ...taken };
}

function isFinal(what: string): SyncError {
  const message = `A final ${what} of a till takes no edit: keep what stands, and correct it by a document of its own, such as a return.`;
  return new SyncError("ALREADY_CLOSED", message, { field: "keep", expected: "theirs" });
}

function resolvedAlready({ resolution, resolvedBy, resolved }: ConflictRow): SyncError {
  const message = `This conflict was resolved already: ${resolution} by ${resolvedBy ?? "somebody"}, ${resolved?.toISOString() ?? ""}. What stands now can be edited.`;
  return new SyncError("CONFLICT_RESOLVED", message, {
    field: "id",
    resolution,
    ...(resolvedBy === null ? {} : { by: resolvedBy }),
  });
}
