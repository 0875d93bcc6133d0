import {
  type ExchangeRequest,
  type ExchangeResponse,
  exchangeRequest,
  PROTOCOL_FLOOR,
  PROTOCOL_VERSION,
  parseAs,
  SyncError,
} from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import type { Caller } from "../directory/authenticate.ts";
import { callerOf } from "./access.ts";

/** What the door hands an exchange to. Everything in the request is checked but the content of the changes. */
export interface Exchanging {
  exchange(caller: Caller, request: ExchangeRequest): Promise<ExchangeResponse>;
}

/** `POST /api/sync/exchange`: the one call a terminal makes. */
export function addExchangeRoute(app: FastifyInstance, ingest: Exchanging): void {
  app.post("/api/sync/exchange", async (request) => {
    const caller = callerOf(request);
    const wanted = readExchange(request.body);
    if (wanted.terminal !== caller.terminal) {
      const message = "This key belongs to another terminal than the request speaks for.";
      throw new SyncError("FORBIDDEN", message, { field: "terminal", got: wanted.terminal });
    }
    return ingest.exchange(caller, wanted);
  });
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
