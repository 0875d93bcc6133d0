import type { ExchangeRequest } from "@tillsync/protocol";
import type { Scope } from "../ingest/ports.ts";
import type { ExchangeContext } from "../ingest/prepare.ts";
import { interpretPending } from "../ingest/sweep.ts";
import { judgeShift } from "./judge.ts";
import type { ClosePlace, SettlementStore } from "./ports.ts";

export interface SettlementContext {
  readonly ingest: ExchangeContext;
  readonly settlements: SettlementStore;
}

/** How often changes that wait are interpreted before a shift is left to the next sweep. */
const MAX_INTERPRETATIONS = 3;
/** Shifts of one terminal that are judged again in one go; the next sweep goes on. */
const SHIFTS_A_ROUND = 100;

/**
 * Judges one closed shift, each step in a transaction of its own: what waits to be interpreted first, then the shift.
 *
 * @returns whether it has a judgement now
 */
export async function settleShift(context: SettlementContext, scope: Scope, place: ClosePlace): Promise<boolean> {
  const { ingest, settlements } = context;
  for (let tries = 0; tries <= MAX_INTERPRETATIONS; tries++) {
    const verdict = await settlements.transaction(scope, (tx) => judgeShift(tx, ingest, place));
    if (verdict !== "pending") return verdict !== "none";
    await ingest.store.transaction(scope, async (tx) => {
      await tx.lock(place, ingest.nowMs());
      await interpretPending(tx, place.terminal, ingest);
    });
  }
  return false;
}

/** Judges what an exchange has closed, and what it has changed in shifts that were judged before. */
export async function settleAfter(context: SettlementContext, scope: Scope, request: ExchangeRequest): Promise<void> {
  for (const place of closingsIn(request)) await settleShift(context, scope, place);
  if (request.repair === undefined && request.lacks === undefined) return;
  const { terminal } = request;
  const due = await context.settlements.transaction(scope, (tx) => tx.due(terminal, SHIFTS_A_ROUND));
  for (const place of due) await settleShift(context, scope, place);
}

/** Whether an exchange leaves anything for `settleAfter` to do: most do not, and cost a look at their text. */
export function hasToSettle(request: ExchangeRequest): boolean {
  return request.repair !== undefined || request.lacks !== undefined || closingsIn(request).length > 0;
}

/** The kind as canonical bytes have it. A closing that is missed, for it came as a repair, is found by the sweep. */
const CLOSING = '"kind":"shift.closed"';

function closingsIn({ terminal, incarnation, fromSeq, changes }: ExchangeRequest): ClosePlace[] {
  return changes.flatMap(({ body }, index) =>
    body.includes(CLOSING) ? [{ terminal, incarnation, seq: fromSeq + index }] : [],
  );
}
