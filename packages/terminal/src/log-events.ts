import type { Attempt, Recorded, Terminal, TerminalStatus } from "@tillsync/engine";
import type { Log } from "./refusals.ts";

/** Failed items looked at when their number rises; more than that is told as a number. */
const MAX_TOLD = 100;

/**
 * Writes down what a till does by itself and nobody watches, and what needs a person: codes, counts and places. Never
 * sentences of others, amounts or names: a sentence may quote what a customer is called.
 *
 * @returns what ends it
 */
export function logEvents(terminal: Terminal, log: Log): () => void {
  const told: Told = { ids: new Set(), failed: 0 };
  return terminal.subscribe((event) => {
    switch (event.type) {
      case "attempt":
        return logAttempt(event.attempt, log);
      case "recorded":
        return logRecorded(event.recorded, log);
      case "status":
        return logFailed(terminal, event.status, told, log);
      case "connectivity": {
        const { target, state } = event.connectivity;
        return log[state === "online" ? "info" : "warn"]({ target, from: event.from, state }, "connectivity changed");
      }
      case "stalled":
        return log.error({ code: event.stall.code, what: event.stall.what }, event.stall.message);
    }
  });
}

function logAttempt(attempt: Attempt, log: Log): void {
  const { correlationId, lane, attemptNumber, durationMs, changes, sent, code } = attempt;
  const facts = { correlationId, lane, changes, sent, ms: Math.round(durationMs) };
  if (attempt.outcome === "ok") log[changes === 0 ? "debug" : "info"](facts, changes === 0 ? "asked" : "sent");
  else if (attempt.shouldRetry) log.warn({ ...facts, code, attemptNumber }, "attempt failed; it is tried again");
  else log.error({ ...facts, code, attemptNumber }, "sending stopped and needs a person");
}

/** By its place: what a POS calls its documents is its own business, and may be anything. */
function logRecorded({ kind, incarnation, seq, duplicate }: Recorded, log: Log): void {
  const isShift = kind === "shift.opened" || kind === "shift.closed";
  log[isShift ? "info" : "debug"]({ kind, incarnation, seq, duplicate }, "recorded");
}

/** What was told of the changes that need a person. */
interface Told {
  readonly ids: Set<string>;
  failed: number;
}

/** Each change that needs a person is told once, when their number has risen. */
function logFailed(terminal: Terminal, status: TerminalStatus, told: Told, log: Log): void {
  const failed = status.queue.reduce((sum, count) => sum + count.failed, 0);
  const hasRisen = failed > told.failed;
  told.failed = failed;
  if (failed === 0) told.ids.clear();
  if (!hasRisen || status.stopped !== null) return;
  for (const { id, kind, effect } of terminal.queue({ status: "Failed", limit: MAX_TOLD }).items) {
    if (told.ids.has(id)) continue;
    told.ids.add(id);
    log.error({ id, kind, effect, failed }, "a change needs a person");
  }
}
