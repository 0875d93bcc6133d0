import { type Fault, takeFault } from "../../simulator/faults.ts";
import {
  type Answer,
  type Delivered,
  type Delivery,
  drawText,
  jsonAnswer,
  type Machine,
  plainReply,
  type Reply,
  readObject,
  remember,
  type ServiceRequest,
} from "../../simulator/machine.ts";
import { endHeld, judgeValidation, pullPayments, registerPull, registerUrls, simulatePayment } from "./c2b.ts";
import { mpesaControl } from "./control.ts";
import { type ErrorName, errorAnswer } from "./errors.ts";
import { mayStrike, mpesaReply } from "./faults.ts";
import { endPush, takePush } from "./pushes.ts";
import { queryPush } from "./query.ts";
import { freshMpesa, type Json, type MpesaState } from "./state.ts";
import { askStatus } from "./transaction-status.ts";

export const MPESA_PATHS = {
  token: "/oauth/v1/generate",
  push: "/mpesa/stkpush/v1/processrequest",
  query: "/mpesa/stkpushquery/v1/query",
  status: "/mpesa/transactionstatus/v1/query",
  register: "/mpesa/c2b/v2/registerurl",
  registerV1: "/mpesa/c2b/v1/registerurl",
  simulate: "/mpesa/c2b/v2/simulate",
  pullRegister: "/pulltransactions/v1/register",
  pull: "/pulltransactions/v1/query",
} as const;

type Operation = keyof typeof MPESA_PATHS;

/** How each product refuses a token. */
const TOKEN_ERRORS: Readonly<Record<Operation, ErrorName>> = {
  token: "badAuthType",
  push: "stkToken",
  query: "stkToken",
  status: "otherToken",
  register: "otherToken",
  registerV1: "otherToken",
  simulate: "otherToken",
  pullRegister: "notEnabled",
  pull: "notEnabled",
};

const TOKEN_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** Between two tries of a callback that got no 200, where that is a setting. */
const RETRY_MS = 60_000;
const SECOND_MS = 1000;

/** M-Pesa Daraja as its documents and those who met it describe it. */
export const mpesaMachine: Machine<MpesaState> = {
  name: "mpesa",
  title: "M-Pesa",
  fresh: freshMpesa,
  handle,
  control: mpesaControl,
  nextDueMs,
  takeDue,
  delivered,
};

function handle(state: MpesaState, request: ServiceRequest, hostMs: number): Reply {
  const nowMs = hostMs + state.clockOffsetMs;
  happen(state, nowMs);
  const operation = (Object.keys(MPESA_PATHS) as Operation[]).find((name) => MPESA_PATHS[name] === request.path);
  const fault = takeFault(state, operation ?? "unknown", (kind) => mayStrike(kind, operation ?? "unknown"));
  const answer =
    fault === undefined || fault.carriedOut
      ? carryOut(state, request, { operation, fault }, nowMs)
      : errorAnswer(state, "internal");
  const reply = fault === undefined ? plainReply(answer) : mpesaReply(state, fault, answer);
  remember(state, request, { operation, fault, reply }, nowMs);
  return reply;
}

interface Struck {
  readonly operation: Operation | undefined;
  readonly fault: Fault | undefined;
}

function carryOut(state: MpesaState, request: ServiceRequest, { operation, fault }: Struck, nowMs: number): Answer {
  const limit = overLimit(state, nowMs);
  if (limit !== undefined) return errorAnswer(state, limit);
  if (operation === undefined) return errorAnswer(state, "noResource");
  if (operation === "token") return giveToken(state, request, nowMs);
  const isPullByGet = operation === "pull" && request.method === "GET" && state.settings.pullMethod !== "POST";
  const isPost = request.method === "POST" && !(operation === "pull" && state.settings.pullMethod === "GET");
  if (!isPost && !isPullByGet) return errorAnswer(state, "method");
  const shown = request.headers.authorization;
  if (shown === undefined || !/^Bearer \S+$/.test(shown)) return errorAnswer(state, "badHeader");
  const isKnown = state.token.some(({ token, untilMs }) => shown === `Bearer ${token}` && untilMs > nowMs);
  if (!isKnown) return errorAnswer(state, TOKEN_ERRORS[operation]);
  // Anything but JSON is not read, so the first field is what it misses.
  if (!/^application\/json/.test(request.headers["content-type"] ?? ""))
    return errorAnswer(state, "invalidField", "Bad Request - Invalid BusinessShortCode");
  const body = readObject(request.body);
  if (body === undefined) return errorAnswer(state, operation === "push" ? "invalidPayload" : "otherBadRequest");
  return answerTo(state, { operation, body, fault }, nowMs);
}

function answerTo(
  state: MpesaState,
  asked: { readonly operation: Operation; readonly body: Json; readonly fault: Fault | undefined },
  nowMs: number,
): Answer {
  const { operation, body, fault } = asked;
  const ordered = fault?.kind ?? null;
  switch (operation) {
    case "push":
      return takePush(state, body, ordered, nowMs);
    case "query":
      return queryPush(state, body);
    case "status":
      return askStatus(state, body, ordered, nowMs, ordered === "resultCode" ? fault?.code : undefined);
    case "register":
    case "registerV1":
      return registerUrls(state, body);
    case "simulate":
      return state.settings.environment === "production"
        ? errorAnswer(state, "noResource")
        : simulatePayment(state, body, nowMs);
    case "pullRegister":
      return registerPull(state, body);
    default:
      return pullPayments(state, body, nowMs);
  }
}

function overLimit(state: MpesaState, nowMs: number): ErrorName | undefined {
  const { spikeArrest, quota } = state.settings;
  state.asked++;
  state.askedAtMs = state.askedAtMs.filter((atMs) => atMs > nowMs - SECOND_MS);
  state.askedAtMs.push(nowMs);
  if (quota !== null && state.asked > quota) return "quota";
  return spikeArrest !== null && state.askedAtMs.length > spikeArrest ? "spikeArrest" : undefined;
}

function giveToken(state: MpesaState, request: ServiceRequest, nowMs: number): Answer {
  const { consumerKey, consumerSecret, tokenSeconds, expiresIn, tokens } = state.settings;
  if (request.method !== "GET") return errorAnswer(state, "method");
  if (request.query.grant_type !== "client_credentials") return errorAnswer(state, "badGrantType");
  if (request.headers.authorization !== `Basic ${btoa(`${consumerKey}:${consumerSecret}`)}`)
    return errorAnswer(state, "badAuthType");
  const token = drawText(state, TOKEN_ALPHABET, 28);
  const others = tokens === "single" ? [] : state.token.filter(({ untilMs }) => untilMs > nowMs);
  state.token = [...others, { token, untilMs: nowMs + tokenSeconds * 1000 }];
  const seconds = tokenSeconds - 1;
  return jsonAnswer(200, { access_token: token, expires_in: expiresIn === "string" ? String(seconds) : seconds });
}

function nextDueMs(state: MpesaState): number | undefined {
  const open = state.pushes.filter(({ result }) => result === null).map(({ plan }) => plan.atMs);
  const times = [...open, ...state.outbox.map(({ dueAtMs }) => dueAtMs), ...state.held.map(({ untilMs }) => untilMs)];
  return times.length === 0 ? undefined : Math.min(...times) - state.clockOffsetMs;
}

/** What phones do by themselves and what nobody answered in time. */
function happen(state: MpesaState, nowMs: number): void {
  for (const push of state.pushes)
    if (push.result === null && push.plan.atMs <= nowMs) endPush(state, push, push.plan.result, nowMs);
  for (const { deliveryId, untilMs } of state.held) if (untilMs <= nowMs) endHeld(state, deliveryId, undefined, nowMs);
}

function takeDue(state: MpesaState, hostMs: number): Delivery[] {
  const nowMs = hostMs + state.clockOffsetMs;
  happen(state, nowMs);
  const due = state.outbox.filter(({ dueAtMs }) => dueAtMs <= nowMs);
  state.outbox = state.outbox.filter(({ dueAtMs }) => dueAtMs > nowMs);
  return due;
}

function delivered(state: MpesaState, delivery: Delivery, outcome: Delivered, hostMs: number): void {
  const nowMs = hostMs + state.clockOffsetMs;
  const { kind, url, body } = delivery;
  state.delivered.push({ atMs: nowMs, kind, url, body, status: outcome.status });
  if (kind === "validation") judgeValidation(state, delivery, outcome, nowMs);
  if (outcome.status === 200 || kind !== "stkCallback") return;
  const tries = state.delivered.filter((one) => one.kind === kind && one.body === body && one.status !== 200).length;
  if (tries <= state.settings.callbackRetries) state.outbox.push({ ...delivery, dueAtMs: nowMs + RETRY_MS });
}
