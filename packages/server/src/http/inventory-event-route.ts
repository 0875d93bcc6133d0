import { isKeptObject, type KeptJson, SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type EventContext, readEvent } from "../devices/read-event.ts";
import { deviceIdOf, refuse } from "../devices/read-item.ts";
import { serverIdOf } from "../devices/sync.ts";
import type { Caller } from "../directory/authenticate.ts";
import { deviceOf } from "../directory/devices.ts";
import { type Outcome, type Submission, submit } from "../ingest/submit.ts";
import { callerOf } from "./access.ts";
import type { DeviceDoors } from "./device-routes.ts";

export const MAX_EVENTS = 1_000;

/** What became of one event. */
interface EventResult {
  readonly id: string | undefined;
  readonly success: boolean;
  readonly serverId?: string;
  readonly duplicate?: boolean;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly field?: string | undefined;
}

/**
 * `POST /api/inventory/events`: the one call of requirement 001. One event as an object, many as a list or as
 * `{events: [...]}`. Every event that can be read is stored, whatever its neighbours are; 400 says that some were not,
 * and sending all of them again is harmless.
 */
export function addInventoryEventRoute(app: FastifyInstance, doors: DeviceDoors): void {
  app.post("/api/inventory/events", { config: { keepsNumbers: true } }, (request, reply) =>
    takeEvents(request, reply, doors),
  );
}

async function takeEvents(request: FastifyRequest, reply: FastifyReply, doors: DeviceDoors): Promise<FastifyReply> {
  const body = request.body as KeptJson;
  const caller = callerOf(request);
  const device = await deviceOf(doors.devices, caller, senderOf(request, caller));
  const { sha256, nowMs } = doors.ingest;
  const context = { device, currency: device.currency, sha256, nowMs: nowMs() };
  const { events, field } = eventsOf(body);
  const readings = events.map((event, index) => attempt(event, field(index), context));
  const submissions = readings.flatMap((reading) => (reading instanceof SyncError ? [] : [reading.submission]));
  const outcomes = submissions.length === 0 ? [] : await submit(doors.ingest, caller, device.terminal, submissions);
  let next = 0;
  const results = readings.map((reading): EventResult => {
    if (reading instanceof SyncError) return refusedEvent(reading);
    const outcome = outcomes[next++];
    if (outcome === undefined) throw new Error("an event was stored without an outcome");
    return storedEvent(reading, outcome, serverIdOf(sha256, caller, entityOf(reading.submission), reading.id));
  });
  for (const { success, duplicate } of results) {
    doors.metrics.synced("inventory", !success ? "refused" : duplicate ? "in sync" : "inserted");
  }
  const refusal = readings.find((reading) => reading instanceof SyncError);
  if (isKeptObject(body) && !("events" in body)) return answerOne(reply, results[0], refusal);
  const success = results.every((result) => result.success);
  const failure = refusal?.toBody(request.id) ?? {};
  return reply.code(refusal === undefined ? 200 : refusal.status).send({ success, results, ...failure });
}

function answerOne(reply: FastifyReply, result: EventResult | undefined, refusal: SyncError | undefined): FastifyReply {
  if (refusal !== undefined || result === undefined) throw refusal ?? new Error("an event got no answer");
  return reply.send(result);
}

/** 001 knows no device: it is whoever the header names, else whoever the key was made for. */
function senderOf(request: FastifyRequest, caller: Caller): string {
  const given = request.headers["x-device-id"];
  if (given !== undefined) return deviceIdOf(String(given), "x-device-id");
  return caller.terminal ?? `key:${caller.name}`.slice(0, 64);
}

function eventsOf(body: KeptJson): { events: readonly KeptJson[]; field: (index: number) => string } {
  if (Array.isArray(body)) return { events: limited(body, "(root)"), field: (index) => `[${index}]` };
  if (isKeptObject(body) && Array.isArray(body.events))
    return { events: limited(body.events, "events"), field: (index) => `events[${index}]` };
  if (isKeptObject(body) && !("events" in body)) return { events: [body], field: () => "" };
  throw refuse("(root)", "an event, a list of events, or an object with a list of events", body);
}

function limited(events: readonly KeptJson[], field: string): readonly KeptJson[] {
  if (events.length <= MAX_EVENTS) return events;
  const expected = `at most ${MAX_EVENTS} events`;
  throw new SyncError("TOO_LARGE", `${field}: ${expected}; got ${events.length}.`, { field, expected });
}

function attempt(event: KeptJson, field: string, context: EventContext) {
  try {
    return readEvent(event, field, context);
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
}

function entityOf({ kind }: Submission): string {
  return kind.slice(0, kind.indexOf("."));
}

function refusedEvent({ code, message, details }: SyncError): EventResult {
  return { id: undefined, success: false, code, message, field: details.field };
}

function storedEvent(
  { id }: ReturnType<typeof readEvent>,
  { effect, code, message, duplicate }: Outcome,
  serverId: string,
): EventResult {
  if (effect !== "conflict") return { id, success: true, serverId, duplicate };
  return { id, success: false, serverId, code: code ?? undefined, message: message ?? undefined };
}
