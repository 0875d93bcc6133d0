import type { BesideLane } from "../beside-lane.ts";
import { type Life, ordinalOf, positionOf } from "../journal.ts";
import type { Sql } from "../ports.ts";

/**
 * Kinds whose bytes are given up: nearly all of a journal. What opens and closes shifts, begins lives, decides about parked
 * changes or edits customers is little, and is read again long after: it stays.
 */
export const RETIRED_KINDS: ReadonlySet<string> = new Set([
  "order.edited",
  "order.closed",
  "order.voided",
  "order.deleted",
  "transaction.recorded",
  "inventory.updated",
]);

type Read = Pick<Sql, "get" | "all">;

/** Which changes of a till are only kept for their place in the chain. */
export interface Rule {
  /** By ordinal: the last change of a life that the centre has in a verified backup. */
  readonly backedUp: ReadonlyMap<number, number>;
  /** The last business date that is older than the kept time. */
  readonly throughDay: string;
  /** From this place on another lane still needs changes. */
  readonly neededFrom: number;
  /** Closed shifts that are not settled, and the one that is open: first and last place. */
  readonly unsettled: readonly (readonly [number, number])[];
}

/**
 * How far the centre has each life in a verified backup. A change of a life is sent only when everything before it is at
 * the centre, so a backup that has one of a later life has all that the centre had of the earlier ones.
 */
export function backedUpOf(lives: readonly Life[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  let hasLater = false;
  for (const { ordinal, durableThrough, backedUpThrough } of lives.toReversed()) {
    const seq: number = hasLater ? durableThrough : Math.min(durableThrough, backedUpThrough);
    found.set(ordinal, positionOf(ordinal, seq));
    hasLater ||= seq > 0;
  }
  return found;
}

export function ruleOf(
  read: Read,
  { lives, throughDay, besides }: { lives: readonly Life[]; throughDay: string; besides: readonly BesideLane[] },
): Rule {
  const backedUp = backedUpOf(lives);
  return { backedUp, throughDay, neededFrom: neededFrom(lives, besides), unsettled: unsettledOf(read, backedUp) };
}

/** A place of a life that this till does not know might be anywhere: then everything is needed. */
function neededFrom(lives: readonly Life[], besides: readonly BesideLane[]): number {
  const places = besides.flatMap(({ needsFrom }) => {
    if (needsFrom === undefined) return [];
    const life = lives.find(({ incarnation }) => incarnation === needsFrom.incarnation);
    return [life === undefined ? 0 : positionOf(life.ordinal, needsFrom.seq)];
  });
  return Math.min(Number.MAX_SAFE_INTEGER, ...places);
}

interface ShiftRow {
  readonly ordinal: number;
  readonly openSeq: number;
  readonly closing: number | null;
  readonly isSettled: number;
}

/** A shift goes as a whole: with its closing in the backup as well, a restored centre need not ask for its bytes. */
function unsettledOf(read: Read, backedUp: ReadonlyMap<number, number>): Rule["unsettled"] {
  const shifts = read.all<ShiftRow>(
    `SELECT s.ordinal, s.open_seq AS openSeq, j.position AS closing,
       EXISTS (SELECT 1 FROM settlement t WHERE t.position = j.position
         AND t.own IS NOT NULL AND t.lacks = 0 AND t.state <> 'different') AS isSettled
     FROM shift s LEFT JOIN journal j ON j.position =
       (SELECT max(c.position) FROM journal c WHERE c.local_id = s.local_id AND c.kind = 'shift.closed')`,
  );
  return shifts.flatMap(({ ordinal, openSeq, closing, isSettled }) => {
    const isOver = closing !== null && isSettled === 1 && closing <= (backedUp.get(ordinalOf(closing)) ?? 0);
    return isOver ? [] : [[positionOf(ordinal, openSeq), closing ?? Number.MAX_SAFE_INTEGER] as const];
  });
}

/** A row's columns that say whether it may go. */
export interface Candidate {
  readonly position: number;
  readonly kind: string;
  readonly localId: string;
  readonly businessDate: string;
}

/** A document goes as a whole: with all its changes, or not yet. */
export function mayRetire(read: Read, rule: Rule, row: Candidate): boolean {
  if (!RETIRED_KINDS.has(row.kind) || !isOver(rule, row)) return false;
  if (read.get("SELECT 1 FROM open_order WHERE local_id = ?", row.localId) !== undefined) return false;
  const others = read.all<Candidate & { readonly isException: number }>(
    `SELECT position, kind, local_id AS localId, business_date AS businessDate,
       EXISTS (SELECT 1 FROM exception e WHERE e.position = j.position) AS isException
     FROM journal j WHERE local_id = ?`,
    row.localId,
  );
  return others.every((each) => isOver(rule, each) && each.isException === 0);
}

function isOver(rule: Rule, { position, businessDate }: Candidate): boolean {
  return (
    position <= (rule.backedUp.get(ordinalOf(position)) ?? 0) &&
    businessDate <= rule.throughDay &&
    position < rule.neededFrom &&
    !rule.unsettled.some(([first, last]) => position >= first && position <= last)
  );
}
