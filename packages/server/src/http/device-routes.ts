import { isKeptObject, type KeptJson, NumberText, SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { inScope } from "../db/scope.ts";
import { deviceIdOf, refuse } from "../devices/read-item.ts";
import { type DeviceContext, type ItemResult, type Parcel, syncItems } from "../devices/sync.ts";
import { issueToken, readMark, startOf } from "../devices/tokens.ts";
import { isUpToDate, type Span, updatesOf } from "../devices/updates.ts";
import { type Device, type Devices, deviceOf } from "../directory/devices.ts";
import type { Scope } from "../ingest/ports.ts";
import { callerOf } from "./access.ts";
import { streamJson } from "./kept-json.ts";
import type { Metrics } from "./metrics.ts";

export interface DeviceDoors extends DeviceContext {
  readonly devices: Devices;
  readonly metrics: Pick<Metrics, "synced">;
}

/** Items in one batch, of each kind: what fits into a request anyway. */
export const MAX_ITEMS = 20_000;
/** 004's clients do not compress, and send all that is pending at once. */
export const BATCH_BYTES = 8 * 1024 * 1024;
const KEPT = { config: { keepsNumbers: true } };

/** The doors of requirement 004, field for field, for any POS that can post JSON. */
export function addDeviceRoutes(app: FastifyInstance, doors: DeviceDoors): void {
  app.post("/api/sync/batch", { ...KEPT, bodyLimit: BATCH_BYTES }, (request, reply) => batch(request, reply, doors));
  app.post("/api/sync/order", KEPT, (request, reply) => single(request, reply, doors, "order"));
  app.post("/api/sync/transaction", KEPT, (request, reply) => single(request, reply, doors, "transaction"));
  app.get("/api/sync/updates", (request, reply) => updates(request, reply, doors));
}

async function batch(request: FastifyRequest, reply: FastifyReply, doors: DeviceDoors): Promise<FastifyReply> {
  const body = request.body as KeptJson;
  if (!isKeptObject(body)) throw refuse("(root)", "an object", body);
  const deviceId = deviceIdOf(body.deviceId, "deviceId");
  const orders = listOf(body.orders, "orders");
  const transactions = listOf(body.transactions, "transactions");
  const sinceMs = sinceOf(body.lastSyncTimestamp, "lastSyncTimestamp");
  const log = syncLog(request);
  log.info(`Batch sync request from device: ${deviceId}`);
  log.info(`Orders: ${orders.length}, Transactions: ${transactions.length}`);
  const caller = callerOf(request);
  const device = await deviceOf(doors.devices, caller, deviceId);
  const syncedOrders = await sync(request, doors, device, { what: "order", field: "orders", items: orders });
  const parcel: Parcel = { what: "transaction", field: "transactions", items: transactions };
  const syncedTransactions = await sync(request, doors, device, parcel);
  const { span, token } = await spanOf(doors, caller, device, sinceMs);
  const stored = (results: readonly ItemResult[]) => results.filter(({ what }) => what !== "refused").length;
  log.info(`Sync successful: ${stored(syncedOrders)} orders, ${stored(syncedTransactions)} transactions`);
  return streamJson(
    request,
    reply,
    join(
      `{"success":true,"syncedOrders":[${texts(syncedOrders)}],"syncedTransactions":[${texts(syncedTransactions)}],`,
      `"serverUpdates":{`,
      sections(doors, caller, span),
      `},"nextSyncToken":"${token}"}`,
    ),
  );
}

async function single(
  request: FastifyRequest,
  reply: FastifyReply,
  doors: DeviceDoors,
  what: Parcel["what"],
): Promise<FastifyReply> {
  const body = request.body as KeptJson;
  if (!isKeptObject(body)) throw refuse("(root)", "an object", body);
  const deviceId = deviceIdOf(body.deviceId, "deviceId");
  syncLog(request).info(`Single ${what} sync request from device: ${deviceId}`);
  const device = await deviceOf(doors.devices, callerOf(request), deviceId);
  const [result] = await sync(request, doors, device, { what, field: "", items: [body] });
  if (result === undefined || result.refusal) throw result?.refusal ?? new Error("an item got no answer");
  reply.header("content-type", "application/json; charset=utf-8").header("cache-control", "no-store");
  return reply.send(result.text);
}

async function updates(request: FastifyRequest, reply: FastifyReply, doors: DeviceDoors): Promise<FastifyReply> {
  const { deviceId: given, since, ...unknown } = request.query as Record<string, string | undefined>;
  const [name] = Object.keys(unknown);
  if (name !== undefined) throw refuse(name.slice(0, 64), "deviceId and since only", "another parameter");
  const deviceId = deviceIdOf(given, "deviceId");
  const sinceMs = sinceOf(since, "since");
  syncLog(request).info(`Updates request from device: ${deviceId}`);
  const caller = callerOf(request);
  const device = await deviceOf(doors.devices, caller, deviceId);
  const { span, token } = await spanOf(doors, caller, device, sinceMs);
  return streamJson(request, reply, join("{", sections(doors, caller, span), `,"nextSyncToken":"${token}"}`));
}

/** 004's log lines, with the correlation id of the request. */
function syncLog(request: FastifyRequest) {
  return request.log.child({ logger: "SyncRoutes" });
}

async function sync(
  request: FastifyRequest,
  doors: DeviceDoors,
  device: Device,
  parcel: Parcel,
): Promise<readonly ItemResult[]> {
  if (parcel.items.length === 0) return [];
  const results = await syncItems(doors, callerOf(request), device, parcel);
  const log = syncLog(request);
  for (const { what, localId, refusal } of results) {
    doors.metrics.synced(parcel.what, what);
    if (what === "inserted") log.info(`Inserting new ${parcel.what}: ${localId}`);
    else if (what === "in sync") log.info(`${capital(parcel.what)} ${localId} already in sync`);
    else if (what === "conflict") log.warn(`Conflict detected for ${parcel.what} ${localId}`);
    else log.warn({ code: refusal?.code, field: refusal?.details.field }, `Refused one ${parcel.what}`);
  }
  return results;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** What this device is to be told, and the token that says so; the token is kept before the answer leaves. */
async function spanOf(
  { pool, ingest }: DeviceDoors,
  scope: Scope,
  { terminal }: Device,
  sinceMs: number,
): Promise<{ span: Span; token: number }> {
  const nowMs = ingest.nowMs();
  return inScope(pool, scope, async (client) => {
    const mark = await readMark(client, scope);
    const after = await startOf(client, scope, terminal, { sinceMs, mark, nowMs });
    const span = { terminal, after, upTo: mark.n };
    await issueToken(client, scope, terminal, { mark, nowMs });
    const nothing = await isUpToDate(client, scope, span);
    return { span: nothing ? { ...span, after: mark.n } : span, token: mark.tokenMs };
  });
}

/** 004's four lists. Deleted ids are few and short; they wait in memory while the documents are sent. */
async function* sections({ pool }: DeviceDoors, scope: Scope, span: Span): AsyncGenerator<string> {
  const orders: string[] = [];
  const transactions: string[] = [];
  yield '"orders":[';
  yield* listed(updatesOf(pool, scope, span, { entity: "order", deleted: orders }));
  yield '],"transactions":[';
  yield* listed(updatesOf(pool, scope, span, { entity: "transaction", deleted: transactions }));
  yield `],"deletedOrderIds":${JSON.stringify(orders)},"deletedTransactionIds":${JSON.stringify(transactions)}`;
}

async function* listed(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let separator = "";
  for await (const text of texts) {
    yield separator + text;
    separator = ",";
  }
}

async function* join(...parts: readonly (string | AsyncIterable<string>)[]): AsyncGenerator<string> {
  for (const part of parts) {
    if (typeof part === "string") yield part;
    else yield* part;
  }
}

function texts(results: readonly ItemResult[]): string {
  return results.map(({ text }) => text).join(",");
}

function listOf(value: KeptJson | undefined, field: string): readonly KeptJson[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw refuse(field, "a list", value);
  if (value.length <= MAX_ITEMS) return value as readonly KeptJson[];
  const expected = `at most ${MAX_ITEMS} items`;
  throw new SyncError("TOO_LARGE", `${field}: ${expected}; got ${value.length}.`, { field, expected });
}

/** Milliseconds since 1970, as a number or as text (`nextSyncToken`); nothing means from the beginning. */
function sinceOf(value: KeptJson | undefined, field: string): number {
  if (value === undefined || value === null || value === "") return 0;
  const text = value instanceof NumberText ? value.text : value;
  if (typeof text === "string" && /^\d{1,15}$/.test(text)) return Number(text);
  throw refuse(field, "milliseconds since 1970, or a nextSyncToken", value);
}
