import {
  type ExchangeRequest,
  type ExchangeResponse,
  exchangeRequest,
  isOlder,
  PROTOCOL_FLOOR,
  PROTOCOL_VERSION,
  parseAs,
  RELEASE_FORM,
  RELEASE_HEADER,
  SyncError,
} from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Scope } from "../ingest/ports.ts";
import { mayShare } from "../ingest/together.ts";
import { callerOf } from "./access.ts";
import { JointTurns } from "./joint-turns.ts";
import { shareOf, tooManyWait, whenOver } from "./limit-hooks.ts";
import type { Metrics } from "./metrics.ts";

/** What the door hands exchanges to. Everything in the requests is checked but the content of the changes. */
export interface Exchanging {
  /** Exchanges of one store that go together; one answer each, in the order given. */
  exchange(store: Scope, requests: readonly ExchangeRequest[]): Promise<ExchangeResponse>[];
}

interface Asked {
  readonly store: Scope;
  readonly request: ExchangeRequest;
}

/** `POST /api/sync/exchange`: the one call a terminal makes. */
export function addExchangeRoute(
  app: FastifyInstance,
  ingest: Exchanging,
  metrics: Pick<Metrics, "exchanged">,
  minRelease?: string,
): void {
  const turns = new JointTurns<Asked, ExchangeResponse>({
    gate: app.turns,
    mayJoin: (chosen, next) => mayShare(requestsOf(chosen), next.request),
    run: ([first, ...others]) => ingest.exchange(first.store, requestsOf([first, ...others])),
  });
  app.post("/api/sync/exchange", { config: { takesOwnTurn: true } }, async (request, reply) => {
    const caller = callerOf(request);
    if (minRelease !== undefined) refuseOlder(request, minRelease);
    const wanted = readExchange(request.body);
    if (wanted.terminal !== caller.terminal) {
      const message = "This key belongs to another terminal than the request speaks for.";
      throw new SyncError("FORBIDDEN", message, { field: "terminal", got: wanted.terminal });
    }
    const { orgId, storeId } = caller;
    // A machine that was replaced is told what became of its own changes, and nothing of others any more.
    const taken = caller.isDraining === true ? { ...wanted, feed: "own" as const } : wanted;
    const asked = { store: { orgId, storeId }, request: taken };
    try {
      const answer = await turns.take(shareOf(request), asked, (giveUp) => whenOver(reply, giveUp));
      if (answer === undefined) throw tooManyWait();
      metrics.exchanged(wanted, reply.elapsedTime, answer);
      logExchange(request, wanted, reply.elapsedTime, answer);
      return answer;
    } catch (error) {
      metrics.exchanged(wanted, reply.elapsedTime);
      throw error;
    }
  });
}

function requestsOf(asked: readonly Asked[]): ExchangeRequest[] {
  return asked.map(({ request }) => request);
}

/** Places and counts, under the till's own correlation id. Tills with nothing to say ask every few seconds: for debugging. */
function logExchange(
  { log }: FastifyRequest,
  { terminal, incarnation, fromSeq, changes }: ExchangeRequest,
  ms: number,
  { durableThrough }: ExchangeResponse,
): void {
  const facts = { terminal, incarnation, fromSeq, changes: changes.length, durableThrough, ms: Math.round(ms) };
  log[changes.length === 0 ? "debug" : "info"](facts, "exchange");
}

/** The operator's floor: what waits on the till waits safely. A till that names no release is older than all that do. */
function refuseOlder({ headers }: FastifyRequest, minRelease: string): void {
  const given = headers[RELEASE_HEADER];
  const got = typeof given === "string" && RELEASE_FORM.test(given) ? given : undefined;
  if (!isOlder(got, minRelease)) return;
  const message = `Head office takes exchanges of Tillsync ${minRelease} and later only; this terminal is ${got ?? "older"}. Update it: it sells on and keeps everything until then.`;
  throw new SyncError("UPGRADE_REQUIRED", message, { field: RELEASE_HEADER, expected: minRelease, got: got ?? "none" });
}

/** @throws SyncError PROTOCOL_VERSION, INVALID_INPUT */
export function readExchange(body: unknown): ExchangeRequest {
  checkVersion(body);
  const request = parseAs(exchangeRequest, body);
  refuseLoneSurrogates(request);
  return request;
}

/** Before the schema: the fields of another version are not ours to complain about. */
function checkVersion(body: unknown): void {
  if (typeof body !== "object" || body === null || !("protocolVersion" in body)) return;
  const got = body.protocolVersion;
  if (typeof got !== "number" || (got >= PROTOCOL_FLOOR && got <= PROTOCOL_VERSION)) return;
  const what = got < PROTOCOL_FLOOR ? "update the terminal" : "update the central server first";
  const expected =
    PROTOCOL_FLOOR === PROTOCOL_VERSION ? `${PROTOCOL_VERSION}` : `${PROTOCOL_FLOOR} to ${PROTOCOL_VERSION}`;
  const message = `The terminal speaks protocol version ${got}, the centre understands ${expected}: ${what}.`;
  const range = { floor: PROTOCOL_FLOOR, version: PROTOCOL_VERSION };
  throw new SyncError("PROTOCOL_VERSION", message, { field: "protocolVersion", expected, got: String(got), ...range });
}

/**
 * A lone surrogate has no UTF-8: storing it would change the bytes, and with them the hash. No till of ours makes one
 * (`canonicalText` refuses it), so it is the sender's mistake and not a sale's.
 */
function refuseLoneSurrogates(request: ExchangeRequest): void {
  for (const [index, change] of request.changes.entries()) {
    check(change.body, `changes.${index}.body`);
    check(change.private, `changes.${index}.private`);
  }
  for (const [index, row] of (request.repair ?? []).entries()) check(row.body, `repair.${index}.body`);
  check(request.cursor, "cursor");
}

function check(text: string | null | undefined, field: string): void {
  if (text === null || text === undefined || text.isWellFormed()) return;
  const facts = { field, expected: "text without lone surrogates", got: "a lone surrogate" };
  throw new SyncError("INVALID_INPUT", `${field}: must be text without lone surrogates; got one.`, facts);
}
