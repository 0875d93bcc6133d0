import type { Destination, Found, Outcome, Reply } from "@tillsync/lanes";
import { readConfirmation } from "../client/c2b.ts";
import type { Daraja } from "../client/daraja.ts";
import { objectOf, wordOf } from "../client/json.ts";
import { PULL_REACH_MS, pullBody, readPull } from "../client/pull.ts";
import type { DarajaSettings } from "../client/settings.ts";
import { readStatusResult, statusBody, type ToldPayment } from "../client/transaction-status.ts";
import { askOutcomeOf } from "../outcomes/outcomes.ts";
import { rowOf, STATUS_RESULT_ROWS } from "../outcomes/results.ts";
import { differenceOf } from "./judge.ts";
import type { TypedCode } from "./typed-code.ts";

/** What M-Pesa has sent to our addresses meanwhile, as it came: whoever receives it stores it. */
export interface Arrived {
  /** The newest result of Transaction Status that came to the path of this id. */
  statusResult(askId: string): Promise<{ readonly raw: string; readonly atMs: number } | undefined>;
  confirmation(code: string): Promise<string | undefined>;
}

type Route = "pull" | "status" | "asked" | "confirmation";

const PAGE = 100;
/** More than two days of a busy shop. */
const MAX_PAGES = 50;
/** The result of Transaction Status was seen after 85 s. */
const RESULT_AFTER_MS = 90_000;
/** A payment that was just made may not be known yet. */
const NOT_KNOWN_MS = 2 * 60_000;
/** After this a code that M-Pesa does not know is for a person. */
const GIVEN_UP_AFTER_MS = 30 * 60_000;
const HALF_WINDOW_MS = 24 * 3_600_000;

/**
 * Looks typed codes up. Sending is asking: it changes nothing at M-Pesa, so it may always be repeated, and `lookUp` is the
 * same. The text of a reply says by which way and when it came, around what came.
 */
export function codeDestination(daraja: Daraja, arrived: Arrived): Destination<TypedCode> {
  const { settings } = daraja;
  const ask = (item: TypedCode, signal: AbortSignal) => lookUpCode(daraja, arrived, item, signal);
  return {
    deliver: ask,
    lookUp: ask,
    outcomeOf: (item, reply) => codeOutcomeOf(item, reply, settings),
    foundOf: (item, reply) => foundOf(codeOutcomeOf(item, reply, settings)),
  };
}

function foundOf(outcome: Outcome): Found {
  if (outcome.verdict === "accepted") return { verdict: "there" };
  if (outcome.verdict === "parked" || outcome.verdict === "unknown") return outcome;
  // It is asked again, which is all that sending would do.
  return outcome.verdict === "retry" ? { ...outcome, verdict: "unknown" } : { verdict: "there" };
}

async function lookUpCode(daraja: Daraja, arrived: Arrived, item: TypedCode, signal: AbortSignal): Promise<Reply> {
  const { settings, clock } = daraja;
  const told = (route: Route, body: string, atMs = clock.wallMs()): Reply => ({
    kind: "answer",
    status: 200,
    text: JSON.stringify({ route, atMs, body }),
  });
  const confirmation = await arrived.confirmation(item.code);
  if (confirmation !== undefined && settings.trustConfirmations === "on") return told("confirmation", confirmation);
  if (settings.pull === "on" && clock.wallMs() - item.typedAtMs < PULL_REACH_MS) {
    const shown = await pullUntil(daraja, item, signal);
    if (shown.isFound) return told("pull", (shown.reply as Reply & { kind: "answer" }).text);
    // Without the other way this is all that can be said.
    if (settings.initiator === undefined) return shown.isNone ? told("pull", "{}") : shown.reply;
  }
  const result = await arrived.statusResult(item.askId);
  // An answer that knew nothing is asked for again once it is old; the receiver keeps the newest.
  if (result !== undefined && readStatusResult(result.raw)?.resultCode === "0")
    return told("status", result.raw, result.atMs);
  if (settings.initiator === undefined) return told("asked", "");
  const reply = await daraja.call("status", statusBody(settings, item.code, item.askId), signal);
  if (askOutcomeOf(reply, "status").verdict !== "taken") return reply;
  return result === undefined ? told("asked", "") : told("status", result.raw, result.atMs);
}

interface Pulled {
  readonly isFound: boolean;
  /** Every page was read, and it is on none. */
  readonly isNone: boolean;
  readonly reply: Reply;
}

async function pullUntil(daraja: Daraja, item: TypedCode, signal: AbortSignal): Promise<Pulled> {
  const nowMs = daraja.clock.wallMs();
  const fromMs = Math.max(item.typedAtMs - HALF_WINDOW_MS, nowMs - PULL_REACH_MS);
  const toMs = Math.min(nowMs, item.typedAtMs + HALF_WINDOW_MS);
  for (let page = 0; ; page++) {
    const reply = await daraja.call("pull", pullBody(daraja.settings, { fromMs, toMs, offset: page * PAGE }), signal);
    const { verdict } = askOutcomeOf(reply, "pull");
    if (verdict === "failed" || reply.kind === "silence") return { isFound: false, isNone: false, reply };
    const rows = readPull(reply.text);
    if (rows.some(({ receipt }) => receipt === item.code)) return { isFound: true, isNone: false, reply };
    if (verdict === "none" || rows.length === 0) return { isFound: false, isNone: true, reply };
    if (page === MAX_PAGES) return { isFound: false, isNone: false, reply };
  }
}

/** What a look-up says of the code. Pure. */
export function codeOutcomeOf(item: TypedCode, reply: Reply, settings: DarajaSettings): Outcome {
  if (reply.kind === "silence") {
    const { code, message } = reply;
    return reply.arrived === "no" ? { verdict: "retry", code, message } : { verdict: "unknown", code, message };
  }
  const envelope = objectOf(reply.text);
  const [route, body] = [wordOf(envelope?.route), wordOf(envelope?.body)];
  if (route === undefined || body === undefined || typeof envelope?.atMs !== "number") return outcomeOfRefusal(reply);
  if (route === "asked")
    return {
      verdict: "retry",
      code: "ASKED",
      message: "M-Pesa was asked and has not told yet.",
      retryAfterMs: RESULT_AFTER_MS,
    };
  if (route === "pull")
    return judged(
      item,
      readPull(body).find(({ receipt }) => receipt === item.code),
      envelope.atMs,
      settings,
    );
  if (route === "confirmation") return judged(item, readConfirmation(body), envelope.atMs, settings);
  return outcomeOfStatus(item, body, envelope.atMs, settings);
}

function outcomeOfStatus(item: TypedCode, body: string, atMs: number, settings: DarajaSettings): Outcome {
  const result = readStatusResult(body);
  const row = result === undefined ? undefined : rowOf(STATUS_RESULT_ROWS, result.resultCode);
  if (result === undefined || row === undefined)
    return {
      verdict: "unknown",
      code: result?.resultCode ?? "NO_RESULT",
      message: "M-Pesa said nothing about the code.",
    };
  if (row.meaning === "account")
    return {
      verdict: "retry",
      code: result.resultCode,
      message: row.says,
      blocksLane: true,
      retryAfterMs: NOT_KNOWN_MS,
    };
  if (row.meaning === "not_found") return judged(item, undefined, atMs, settings);
  if (result.payment === undefined)
    return { verdict: "unknown", code: "NO_PARAMETERS", message: "M-Pesa found it and told nothing about it." };
  return judged(item, result.payment, atMs, settings);
}

function judged(item: TypedCode, told: ToldPayment | undefined, atMs: number, settings: DarajaSettings): Outcome {
  if (told !== undefined) {
    const message = differenceOf(item, told, settings);
    return message === null ? { verdict: "accepted" } : { verdict: "parked", code: "MISMATCH", message };
  }
  const message = `M-Pesa knows no payment with the code ${item.code}.`;
  return atMs - item.typedAtMs < GIVEN_UP_AFTER_MS
    ? { verdict: "retry", code: "NOT_FOUND", message, retryAfterMs: NOT_KNOWN_MS }
    : { verdict: "parked", code: "NOT_FOUND", message };
}

/** The gateway refused to be asked. Whatever is wrong there, it says nothing about the code. */
function outcomeOfRefusal(reply: Reply): Outcome {
  const asked = askOutcomeOf(reply, "status");
  if (asked.verdict !== "failed") return { verdict: "unknown", code: "NO_RESULT", message: "The answer says nothing." };
  const { cause, code, message } = asked;
  if (cause === "busy" || cause === "locked") return { verdict: "retry", code, message };
  if (cause === "configuration" || cause === "token")
    return { verdict: "retry", code, message, blocksLane: true, retryAfterMs: NOT_KNOWN_MS };
  if (cause === "request") return { verdict: "parked", code, message };
  return { verdict: "unknown", code, message };
}
