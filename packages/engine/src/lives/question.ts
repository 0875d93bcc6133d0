import {
  CHAIN_START,
  type ChainPlace,
  type ExchangeRequest,
  type ExchangeResponse,
  LIMITS,
  PROTOCOL_VERSION,
  SyncError,
} from "@tillsync/protocol";
import { checkMark } from "../central.ts";
import type { Journal, Life } from "../journal.ts";

/** Where the histories of a life on both sides may part: at `low` they still agree, behind `high` they do not. */
export interface Range {
  readonly low: ChainPlace;
  readonly high: number;
}

/** What an answer to a question says. */
export type Finding =
  /** Everything that the centre has of this life is what this till has. */
  | { readonly what: "agreed" }
  /** They part somewhere in here. */
  | { readonly what: "narrower"; readonly range: Range }
  /** The last place at which they agree: behind it, the centre has other changes, or changes that this till has not. */
  | { readonly what: "parted"; readonly at: ChainPlace };

/** All of a life: nothing is known yet. */
export function wholeOf({ headSeq }: Life): Range {
  return { low: { seq: 0, hash: CHAIN_START }, high: headSeq };
}

/**
 * Asks how the centre has a life, without sending anything of it: a hundred places of the chain, spread over the range. So
 * the place where two histories of a million changes part is found with three questions, and nearly always with one or two.
 */
export function questionOf(journal: Journal, life: Life, range: Range, cursor: string | null): ExchangeRequest {
  return {
    protocolVersion: PROTOCOL_VERSION,
    terminal: journal.terminal,
    incarnation: life.incarnation,
    fromSeq: 1,
    prevHash: CHAIN_START,
    changes: [],
    headSeq: life.headSeq,
    compare: placesOf(journal, life, range),
    cursor,
    ...(cursor === null ? {} : { feed: "none" as const }),
  };
}

function placesOf(journal: Journal, life: Life, { low, high }: Range): ChainPlace[] {
  const count = Math.min(LIMITS.maxRepairs, high - low.seq);
  return Array.from({ length: count }, (_, index) => {
    const seq = low.seq + Math.ceil(((index + 1) * (high - low.seq)) / count);
    return { seq, hash: journal.hashAt(life.ordinal, seq) };
  }).filter((place): place is ChainPlace => place.hash !== undefined);
}

/**
 * Reads the answer to a question. An answer that was altered on its way contradicts itself or this till's chain, and is
 * none: so no history is given up for one wrong byte.
 *
 * @throws SyncError NOT_AN_ANSWER
 */
export function findingOf(
  journal: Journal,
  life: Life,
  { range, asked }: { range: Range; asked: readonly ChainPlace[] },
  answer: ExchangeResponse,
): Finding {
  const { common } = answer.comparison ?? {};
  if (common === undefined) throw noAnswer("The centre did not say how it has this life.");
  const known = [{ seq: 0, hash: CHAIN_START }, range.low, ...asked];
  const at = known.findLast((place) => place.seq === common.seq);
  if (at?.hash !== common.hash || answer.durableThrough < common.seq)
    throw noAnswer("The centre named a place of this life that it was not asked for.");
  if (answer.durableThrough === common.seq && answer.chainHash !== common.hash)
    throw noAnswer("The centre contradicts itself about the last place of this life.");
  if (isOurs(journal, life, answer)) return { what: "agreed" };
  if (common.seq < range.low.seq) throw noAnswer("The centre has less of this life than it said before.");
  const low = at ?? common;
  const next = asked.find(({ seq }) => seq > low.seq);
  if (next === undefined || next.seq === low.seq + 1) return { what: "parted", at: low };
  return { what: "narrower", range: { low, high: next.seq - 1 } };
}

function isOurs(journal: Journal, life: Life, answer: ExchangeResponse): boolean {
  try {
    checkMark(journal, life, answer);
    return true;
  } catch (error) {
    if (error instanceof SyncError && error.code === "FORK") return false;
    throw error;
  }
}

function noAnswer(message: string): SyncError {
  return new SyncError("NOT_AN_ANSWER", message);
}
