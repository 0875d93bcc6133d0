import { SyncError } from "@tillsync/protocol";
import { type Failure, type Pace, retryAfterDelayMs, retryDelayMs } from "./backoff.ts";
import type { Found, Outcome, Reply } from "./outcome.ts";

/**
 * Where an item is. `waiting`: certainly not at the far end, to be sent. `sending`: the intent is stored and no reply is.
 * `unknown`: it may be there, to be looked up. The other three are ends, out of which only a person takes `parked`.
 */
export type ItemPhase = "waiting" | "sending" | "unknown" | "parked" | "settled" | "discarded";

export type Call = "deliver" | "lookUp";

/** What a person decided about an item. */
export interface Decision {
  readonly did: "retried" | "discarded";
  readonly operator: string;
  readonly reason: string;
  /** Wall clock. */
  readonly atMs: number;
}

/** The life of one item: an immutable value, moved by the functions below. Times are wall clock, since they outlive the process. */
export interface ItemState {
  /** Grows by one with each move, so that a store can refuse a move from what is no longer there. */
  readonly revision: number;
  readonly phase: ItemPhase;
  /** Intents written: how often it may have been sent. */
  readonly attempts: number;
  /** Calls in a row that did not bring it further. */
  readonly failures: number;
  /** When the wait for `dueAtMs` began. */
  readonly sinceMs: number;
  readonly dueAtMs: number;
  /** Nothing ends the wait before this: the far end's own `Retry-After`, or the time that a lost request may still take. */
  readonly notBeforeMs: number;
  /** The far end said that it had it before, so that it cannot be absent. */
  readonly duplicate: boolean;
  /** The last reply as it came: the evidence. */
  readonly reply: { readonly to: Call; readonly raw: Reply } | null;
  /** The reply is stored, and what it means is not. */
  readonly unread: boolean;
  /** Why it is where it is; null while nothing is wrong. */
  readonly why: { readonly code: string; readonly message: string } | null;
  readonly decisions: readonly Decision[];
}

export interface ItemRules {
  /** Its `slowMs` is how long a retry waits once the burst is over. */
  readonly pace: Pick<Pace, "slowMs">;
  /** A request whose answer was lost may still arrive for so long; a look-up before that would find it absent too early. */
  readonly lookUpAfterMs: number;
}

/** 10 s: what a far end of ours keeps a request waiting before it drops it is a setting of the lane; this is the default. */
export const LOOK_UP_AFTER_MS = 10_000;

/** What moves need from outside. */
export interface Moment {
  /** Wall clock. */
  readonly nowMs: number;
  /** In [0, 1). */
  readonly jitter: number;
  readonly rules: ItemRules;
}

export function enqueued(nowMs: number): ItemState {
  return {
    revision: 1,
    phase: "waiting",
    attempts: 0,
    failures: 0,
    sinceMs: nowMs,
    dueAtMs: nowMs,
    notBeforeMs: 0,
    duplicate: false,
    reply: null,
    unread: false,
    why: null,
    decisions: [],
  };
}

/** It will be sent now. Stored before the call. */
export function intended(item: ItemState, nowMs: number): ItemState {
  if (item.phase !== "waiting") throw misuse("intended", item);
  return moved(item, { phase: "sending", attempts: item.attempts + 1, sinceMs: nowMs, dueAtMs: nowMs, notBeforeMs: 0 });
}

/** What came back, as it is. Stored before anybody asks what it means. */
export function replied(item: ItemState, to: Call, raw: Reply): ItemState {
  const from = to === "deliver" ? "sending" : "unknown";
  if (item.phase !== from || item.unread) throw misuse("replied", item);
  return moved(item, { reply: { to, raw }, unread: true });
}

/** The process that wrote the intent is gone, or the call was given up: the item may be there, and still on its way. */
export function presumedUnknown(item: ItemState, moment: Moment): ItemState {
  if (item.phase !== "sending" || item.unread) throw misuse("presumedUnknown", item);
  const why = {
    code: "NO_REPLY",
    message: "It was being sent when the till or server stopped. It is looked up first.",
  };
  return moved(item, { ...lostWait(item, moment), phase: "unknown", why });
}

/** What the reply to a delivery means. */
export function delivered(item: ItemState, outcome: Outcome, moment: Moment): ItemState {
  if (item.phase !== "sending" || !item.unread) throw misuse("delivered", item);
  const read = { unread: false, why: whyOf(outcome) };
  switch (outcome.verdict) {
    case "accepted":
      return moved(item, { ...read, phase: "settled", failures: 0 });
    case "parked":
      return moved(item, { ...read, phase: "parked", failures: 0 });
    case "duplicate":
      return moved(item, { ...read, ...dueAt(moment.nowMs), phase: "unknown", duplicate: true });
    case "unknown":
      return moved(item, { ...read, ...lostWait(item, moment), phase: "unknown" });
    case "retry": {
      const kind = outcome.blocksLane === true ? "pause" : outcome.retryAfterMs === undefined ? "burst" : "throttled";
      return moved(item, { ...read, ...failedWait(item, moment, kind, outcome.retryAfterMs), phase: "waiting" });
    }
  }
}

/** What the reply to a look-up means. An unknown one is asked again, for ever. */
export function found(item: ItemState, result: Found, moment: Moment): ItemState {
  if (item.phase !== "unknown" || !item.unread) throw misuse("found", item);
  const read = { unread: false, why: whyOf(result) };
  switch (result.verdict) {
    case "there":
      return moved(item, { ...read, phase: "settled", failures: 0 });
    case "parked":
      return moved(item, { ...read, phase: "parked", failures: 0 });
    case "absent":
      // Sending again what it says to have, and cannot show, would go round in circles.
      if (item.duplicate) return moved(item, { ...read, phase: "parked", failures: 0, why: NOT_SHOWN });
      return moved(item, { ...read, ...dueAt(moment.nowMs), phase: "waiting" });
    case "unknown":
      return moved(item, { ...read, ...failedWait(item, moment, "throttled", result.retryAfterMs) });
  }
}

const NOT_SHOWN = {
  code: "DUPLICATE_NOT_FOUND",
  message: "The far end says that it has this already, and does not find it. Look there, then retry or discard it.",
};

/**
 * A person has put right what parked it. What was ever sent is looked up first: the person may have entered it by hand.
 *
 * @throws SyncError NOT_PARKED
 */
export function retriedByPerson(item: ItemState, by: Omit<Decision, "did" | "atMs">, nowMs: number): ItemState {
  if (item.phase !== "parked") throw notParked(item, "Only an item that is parked can be retried by hand.");
  const decisions = [...item.decisions, { did: "retried", ...by, atMs: nowMs } as const];
  const phase = item.attempts > 0 ? "unknown" : "waiting";
  return moved(item, { ...dueAt(nowMs), phase, decisions, duplicate: false, failures: 0 });
}

/**
 * A person takes it out of the lane. Not only when parked: an item that stays unknown may hold up a lane that keeps order.
 *
 * @throws SyncError NOT_PARKED while it is being sent, or when it has already ended
 */
export function discardedByPerson(item: ItemState, by: Omit<Decision, "did" | "atMs">, nowMs: number): ItemState {
  if (item.phase !== "parked" && item.phase !== "unknown" && item.phase !== "waiting") {
    throw notParked(item, "An item that is being sent, or has ended, cannot be discarded.");
  }
  const decisions = [...item.decisions, { did: "discarded", ...by, atMs: nowMs } as const];
  return moved(item, { phase: "discarded", decisions, unread: false });
}

export type Step =
  | { readonly do: "deliver" }
  | { readonly do: "lookUp" }
  /** A reply is stored that nobody has read: what it means comes before any call. */
  | { readonly do: "read" }
  /** An intent without a reply, and no call that is under way. */
  | { readonly do: "presume" }
  | { readonly do: "wait"; readonly untilMs: number }
  | { readonly do: "nothing" };

/** No wait of ours is as long. A clock that is further behind the beginning of a wait was put back, and the wait ends. */
const CLOCK_PUT_BACK_MS = 60 * 60_000;

/** What is due. `answersAgainMs`: when the far end was last seen to answer again, which ends waits that began before. */
export function stepOf(item: ItemState, nowMs: number, answersAgainMs = Number.NEGATIVE_INFINITY): Step {
  if (item.unread) return { do: "read" };
  if (item.phase === "sending") return { do: "presume" };
  if (item.phase !== "waiting" && item.phase !== "unknown") return { do: "nothing" };
  const isEnded = answersAgainMs >= item.sinceMs;
  const untilMs = isEnded ? item.notBeforeMs : item.dueAtMs;
  const isDue = nowMs >= untilMs || nowMs < item.sinceMs - CLOCK_PUT_BACK_MS;
  if (!isDue) return { do: "wait", untilMs };
  return { do: item.phase === "waiting" ? "deliver" : "lookUp" };
}

export type ShownState = "pending" | "sending" | "retrying" | "parked" | "settled";

/** The words that people read, and no others. */
export function shownState({ phase, attempts }: ItemState): ShownState {
  if (phase === "unknown") return "retrying";
  if (phase === "waiting") return attempts === 0 ? "pending" : "retrying";
  return phase === "discarded" ? "settled" : phase;
}

function moved(item: ItemState, change: Partial<ItemState>): ItemState {
  return { ...item, ...change, revision: item.revision + 1 };
}

function dueAt(nowMs: number) {
  return { sinceMs: nowMs, dueAtMs: nowMs, notBeforeMs: 0 };
}

/** A request whose answer is lost may still be on its way. Items that are lost again and again come back more slowly. */
function lostWait(item: ItemState, moment: Moment) {
  const failure = failedWait(item, moment, "burst", undefined);
  const notBeforeMs = moment.nowMs + moment.rules.lookUpAfterMs;
  return { ...failure, notBeforeMs, dueAtMs: Math.max(failure.dueAtMs, notBeforeMs) };
}

function failedWait(item: ItemState, moment: Moment, kind: Failure["wait"], retryAfterMs: number | undefined) {
  const { nowMs, jitter, rules } = moment;
  const failure: Failure = { failures: item.failures + 1, wait: kind, retryAfterMs, jitter };
  return {
    failures: failure.failures,
    sinceMs: nowMs,
    dueAtMs: nowMs + retryDelayMs({ intervalMs: 0, ...rules.pace }, failure),
    notBeforeMs: nowMs + retryAfterDelayMs(failure),
  };
}

function whyOf(result: Outcome | Found): ItemState["why"] {
  return "code" in result ? { code: result.code, message: result.message } : null;
}

function misuse(move: string, item: ItemState): TypeError {
  return new TypeError(`${move}: the item is ${item.phase}${item.unread ? " with a reply to read" : ""}`);
}

function notParked(item: ItemState, message: string): SyncError {
  return new SyncError("NOT_PARKED", message, { got: shownState(item) });
}
