import { isKeptObject, type KeptJson, localId as localIdSchema, parseField, SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { inScope } from "../db/scope.ts";
import { readItem, refuse } from "../devices/read-item.ts";
import { standingOf } from "../devices/standing.ts";
import { documentsOf } from "../devices/updates.ts";
import type { Caller } from "../directory/authenticate.ts";
import { type Device, HEAD_OFFICE } from "../directory/devices.ts";
import { isConflictCode } from "../ingest/conflict.ts";
import { entityKey, type Standing } from "../ingest/ports.ts";
import { type Submission, submit } from "../ingest/submit.ts";
import { callerOf } from "./access.ts";
import type { DeviceDoors } from "./device-routes.ts";

type What = "order" | "transaction";
type Params = { Params: { localId: string } };

/**
 * Orders and transactions edited and deleted at head office. Both are changes like any other, of a life of head office's
 * own, with who and why; every device hears of them, and its own next version has to be a higher one.
 *
 * What our tills closed or recorded is immutable: it is corrected by a return or a void, which is a document of its own.
 */
export function addDocumentRoutes(app: FastifyInstance, doors: DeviceDoors): void {
  for (const what of ["order", "transaction"] as const) {
    const url = `/api/admin/${what}s/:localId`;
    app.get<Params>(url, (request, reply) => show(request, reply, doors, what));
    app.put<Params>(url, { config: { keepsNumbers: true } }, (request, reply) => edit(request, reply, doors, what));
    app.delete<Params>(url, { config: { keepsNumbers: true } }, (request, reply) =>
      remove(request, reply, doors, what),
    );
  }
}

async function show(request: FastifyRequest<Params>, reply: FastifyReply, doors: DeviceDoors, what: What) {
  const key = keyOf(request, what);
  const caller = callerOf(request);
  const found = await inScope(doors.pool, caller, (client) => documentsOf(client, caller, [key]));
  const text = found.get(entityKey(key));
  if (text === undefined) throw unknown(what);
  reply.header("content-type", "application/json; charset=utf-8").header("cache-control", "no-store");
  return reply.send(text);
}

async function edit(request: FastifyRequest<Params>, reply: FastifyReply, doors: DeviceDoors, what: What) {
  const { localId } = keyOf(request, what);
  const body = request.body as KeptJson;
  if (!isKeptObject(body)) throw refuse("(root)", "an object", body);
  refuseQuery(request.query);
  const act = actOf(body, callerOf(request));
  return record(request, reply, doors, what, ({ currency }, standing) => {
    if (standing.contentHash === null) throw immutable(what, standing);
    if (standing.state === "deleted") throw gone(what);
    const { sha256, nowMs } = doors.ingest;
    const context = { currency, deviceId: HEAD_OFFICE, sha256, nowMs: nowMs() };
    const { submission } = readItem({ [what]: body[what] ?? null, localId }, what, "", context);
    return { ...submission, version: standing.version + 1, payload: { ...submission.payload, ...act } };
  });
}

async function remove(request: FastifyRequest<Params>, reply: FastifyReply, doors: DeviceDoors, what: What) {
  const { localId } = keyOf(request, what);
  // Many clients cannot send a body with DELETE.
  const given = request.body ?? request.query;
  if (request.body !== undefined) refuseQuery(request.query);
  if (!isKeptObject(given)) throw refuse("(root)", "an object", given as KeptJson);
  const [unknown] = Object.keys(given).filter((name) => name !== "actor" && name !== "reason");
  if (unknown !== undefined) throw refuse(unknown.slice(0, 64), "actor and reason only", "another field");
  const act = actOf(given, callerOf(request));
  return record(request, reply, doors, what, (_device, standing) => {
    const isOpen = what === "order" && standing.state === "open";
    if (standing.contentHash === null && !isOpen && standing.state !== "deleted") throw immutable(what, standing);
    const occurredAt = new Date(doors.ingest.nowMs()).toISOString();
    return {
      kind: `${what}.withdrawn` as const,
      localId,
      version: standing.version + 1,
      businessDate: occurredAt.slice(0, 10),
      occurredAt,
      payload: { ...act, ...(standing.contentHash === null ? {} : { contentHash: standing.contentHash }) },
    };
  });
}

/** Reads how the document stands, makes the change and stores it; once more when somebody else was quicker. */
async function record(
  request: FastifyRequest<Params>,
  reply: FastifyReply,
  doors: DeviceDoors,
  what: What,
  change: (device: Device, standing: Standing) => Submission,
): Promise<FastifyReply> {
  const caller = callerOf(request);
  const key = keyOf(request, what);
  const device = await doors.devices.named(caller, HEAD_OFFICE);
  for (let attempt = 0; attempt < 5; attempt++) {
    const standing = await standingOf(doors.pool, caller, key);
    if (standing === undefined) throw unknown(what);
    const submission = change(device, standing);
    const isGone = standing.state === "deleted";
    const [outcome] = isGone ? [] : await submit(doors.ingest, caller, device.terminal, [submission]);
    if (outcome && isConflictCode(outcome.code)) continue;
    const version = isGone || outcome?.duplicate ? standing.version : submission.version;
    return reply.send({ localId: key.localId, syncVersion: version, state: stateOf(submission), duplicate: isGone });
  }
  throw new SyncError("UNAVAILABLE", "This document is being changed all the time; come back in a moment.");
}

function refuseQuery(query: unknown): void {
  const [name] = Object.keys(Object(query));
  if (name !== undefined) throw refuse(name.slice(0, 64), "no parameters beside a body", "a parameter");
}

function stateOf({ kind }: Submission): string {
  return kind.endsWith(".withdrawn") ? "deleted" : kind.startsWith("order.") ? "closed" : "recorded";
}

function keyOf(request: FastifyRequest<Params>, what: What) {
  return { entity: what, localId: parseField("localId", localIdSchema, request.params.localId) };
}

/** Who and why. Without an actor it is whoever the key was made for. */
function actOf(body: { readonly [name: string]: KeptJson }, caller: Caller): { actor: string; reason: string } {
  const actor = body.actor ?? caller.name;
  const { reason } = body;
  if (!isShortText(actor, 64)) throw refuse("actor", "who changes it, 1 to 64 characters", actor);
  if (!isShortText(reason, 256)) throw refuse("reason", "why, 1 to 256 characters", reason);
  return { actor, reason };
}

function isShortText(value: KeptJson | undefined, max: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= max && !/\p{Cc}|\p{Cs}/u.test(value);
}

function unknown(what: What): SyncError {
  return new SyncError("NOT_FOUND", `The centre knows no ${what} with this localId.`, { field: "localId" });
}

function gone(what: What): SyncError {
  return new SyncError("DELETED_ITEM", `This ${what} was deleted; it stays so.`, { field: "localId" });
}

function immutable(what: What, { state }: Standing): SyncError {
  const how =
    state === "open"
      ? "An open order of a till is edited on tills; here it can be deleted."
      : `A ${state} ${what} of a till is final: correct it by a document of its own, such as a return.`;
  return new SyncError("ALREADY_CLOSED", how, { field: "localId" });
}
