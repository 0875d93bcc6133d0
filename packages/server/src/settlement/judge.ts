import {
  canonicalText,
  type ErrorCode,
  LIMITS,
  parseBody,
  type Settlement,
  type Sha256,
  type Stretch,
  SyncError,
  sameContent,
} from "@tillsync/protocol";
import { type EarlierPart, surveyEarlier, type ToldEarlier } from "./earlier.ts";
import type { ClosePlace, Judgement, SettlementTransaction, StoredRow } from "./ports.ts";
import { behindNewHashes } from "./restored.ts";
import { type Collected, collect, type Range, whereNow } from "./sent-again.ts";
import { type Exception, MAX_EXCEPTIONS, type Survey, surveyShift } from "./survey.ts";

export interface JudgeContext {
  readonly sha256: Sha256;
  /** The centre's clock, milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** `pending`: a change of the shift waits to be interpreted, which comes first; `none`: there is nothing to judge. */
export type Verdict = "judged" | "known" | "pending" | "none";

/**
 * Compares a closed shift with what its till says of it, from the bytes that are stored here, and tells the till what was
 * found (design section 4.6). It runs in a transaction of its own, any time after the closing was stored, on any server:
 * the terminal's lock lets one judge at a time, and the second finds the judgement there.
 *
 * What is missing or altered is marked, and from then on asked for with every answer; when it is back, the shift is due
 * again.
 */
export async function judgeShift(
  tx: SettlementTransaction,
  context: JudgeContext,
  place: ClosePlace,
): Promise<Verdict> {
  await tx.lock(place.terminal);
  const before = await tx.judged(place);
  if (before?.due === false) return "known";
  const [close] = await tx.rows(place, place.seq, place.seq);
  // One that came in an earlier life already is judged where it stood first.
  if (close === undefined || close.repeat) return "none";
  const closing = readClosing(close);
  const moved = closing && (await piecesOf(tx, place, close, closing.manifest));
  const openSeq = Math.min(
    (moved === undefined ? closing?.manifest.openSeq : openOf(moved, place)) ?? before?.judgement.openSeq ?? place.seq,
    place.seq,
  );
  let survey = await surveyShift(tx, context, place, openSeq);
  if (survey.isPending) return "pending";
  const { flaws } = survey;
  const healed = await mend(tx, context, place, survey);
  // A hash that was put right makes its neighbour's bytes believable, and with them their money; and what was parked for a
  // private part that was not its own has to be interpreted first.
  if (healed.length > 0) survey = await surveyShift(tx, context, place, openSeq);
  const lacked = before?.lacked ?? [];
  const earlier = await surveyEarlier(tx, context, place, closing?.earlier ?? []);
  const manifest = closing?.manifest ?? null;
  const collected = moved && (await collect(tx, context, place.terminal, moved));
  const judgement = judgementOf({ place, openSeq, close, manifest, earlier, lacked, collected }, survey);
  const settlement = settlementOf(judgement);
  const isNews = before === undefined || textOf(settlementOf(before.judgement)) !== textOf(settlement);
  await tx.record(
    place,
    {
      localId: closing?.localId ?? before?.localId ?? null,
      businessDate: closing?.businessDate ?? before?.businessDate ?? null,
      judgement,
      lacked,
      healed: inOrder([...(before?.healed ?? []), ...healed]),
    },
    isNews && !survey.isPending ? { effect: close.effect, code: close.code, settlement } : null,
    context.nowMs(),
  );
  await tx.tellAgain(place, behindNewHashes(flaws), context.nowMs());
  return survey.isPending ? "pending" : "judged";
}

/**
 * Where the stretch of a closing stands that was sent again: its manifest names places of the life in which it was written.
 * Undefined for one that stands where it was written.
 */
async function piecesOf(
  tx: SettlementTransaction,
  place: ClosePlace,
  { origin }: StoredRow,
  { openSeq, closeSeq }: Stretch,
): Promise<Range[] | undefined> {
  if (origin === undefined) return undefined;
  const { incarnation } = origin;
  return whereNow(tx, { ...place, seq: place.seq - 1 }, { incarnation, fromSeq: openSeq, toSeq: closeSeq });
}

function openOf(pieces: readonly Range[], { incarnation, seq }: ClosePlace): number {
  return pieces.find((piece) => piece.incarnation === incarnation)?.fromSeq ?? seq;
}

function inOrder(seqs: readonly number[]): number[] {
  return [...new Set(seqs)].sort((one, other) => one - other).slice(0, MAX_EXCEPTIONS);
}

/** Writes down what was found wrong. @returns the rows that the centre could put right by itself */
async function mend(
  tx: SettlementTransaction,
  { nowMs }: JudgeContext,
  place: ClosePlace,
  { flaws, strays }: Survey,
): Promise<number[]> {
  if (flaws.length + strays.length === 0) return [];
  const of = (what: "altered" | "missing") => flaws.flatMap((flaw) => (flaw.what === what ? [flaw.seq] : []));
  const hashes = flaws.flatMap((flaw) => (flaw.what === "hash" ? [{ seq: flaw.seq, hash: flaw.hash }] : []));
  await tx.flag(place, { altered: of("altered"), missing: of("missing"), hashes, strays }, nowMs());
  return [...hashes.map(({ seq }) => seq), ...strays];
}

interface Closing {
  readonly localId: string;
  /** Null for one that PostgreSQL has not: its dates begin with the year 1. */
  readonly businessDate: string | null;
  readonly manifest: Stretch;
  readonly earlier: ToldEarlier;
}

/** Undefined for bytes that nobody can read: the closing itself is then what people have to look at. */
function readClosing({ body }: StoredRow): Closing | undefined {
  try {
    const read = parseBody(body ?? "");
    if (read.kind !== "shift.closed") return undefined;
    const { openSeq, closeSeq, chainHead, counts, totals, earlier = [] } = read.payload;
    const manifest = { openSeq, closeSeq, chainHead, counts, totals };
    const businessDate = read.businessDate.startsWith("0000") ? null : read.businessDate;
    return { localId: read.localId, businessDate, manifest, earlier };
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}

interface Case {
  readonly place: ClosePlace;
  readonly openSeq: number;
  readonly close: StoredRow;
  readonly manifest: Stretch | null;
  readonly earlier: readonly EarlierPart[];
  readonly lacked: readonly number[];
  /** Of a closing that was sent again: what its whole stretch comes to, some of which may stand in earlier lives. */
  readonly collected: Collected | undefined;
}

function judgementOf({ place, openSeq, close, manifest, earlier, lacked, collected }: Case, survey: Survey): Judgement {
  const { sums, lost, privates } = survey;
  const nobodys = new Set(lacked);
  const need = [...lost, ...privates].filter((seq) => !nobodys.has(seq)).sort((one, other) => one - other);
  const closeSeq = Math.max(openSeq, place.seq - 1);
  const chainHead = survey.chainHead ?? close.hash ?? "0".repeat(64);
  const { counts, totals } = collected ?? { counts: sums.counts(), totals: sums.totals() };
  const content = { counts: { ...counts }, totals: [...totals] };
  // Sums of a shift that is not whole say nothing about its manifest.
  const isWhole = lost.length === 0 && manifest !== null;
  const isAsSaid =
    !isWhole || (sameContent(manifest, content) && manifest.chainHead === (collected?.chainHead ?? chainHead));
  const isEarlierSame = earlier.every(({ isSame }) => isSame) && collected?.isWhole !== false;
  const exceptions = exceptionsOf(place, close, survey, { nobodys, isAsSaid, isEarlierSame });
  const state = need.length > 0 ? "different" : exceptions.length > 0 ? "settled-with-exceptions" : "settled";
  const counted = { exceptions, exceptionCount: exceptions.length, need, needCount: need.length };
  const parts = earlier.length === 0 ? {} : { earlier };
  return { state, openSeq, closeSeq, chainHead, ...content, ...counted, manifest, ...parts };
}

/** By seq, each change once: what nobody has the bytes or the private part of, what was not applied, and a manifest that says something else. */
function exceptionsOf(
  place: ClosePlace,
  close: StoredRow,
  { lost, privates, exceptions }: Survey,
  said: { nobodys: ReadonlySet<number>; isAsSaid: boolean; isEarlierSame: boolean },
): Exception[] {
  const bySeq = new Map(exceptions.map((exception) => [exception.seq, exception]));
  const gone = (seqs: readonly number[], code: ErrorCode) => {
    for (const seq of seqs.filter((one) => said.nobodys.has(one)))
      bySeq.set(seq, { seq, effect: bySeq.get(seq)?.effect ?? "applied", code });
  };
  gone(lost, "BODY_DAMAGED");
  gone(privates, "PRIVATE_LOST");
  const ofManifest = said.isAsSaid ? (said.isEarlierSame ? null : "EARLIER_DIFFERS") : "MANIFEST_DIFFERS";
  if (ofManifest !== null && !bySeq.has(place.seq))
    bySeq.set(place.seq, { seq: place.seq, effect: close.effect, code: ofManifest });
  return [...bySeq.values()].sort((one, other) => one.seq - other.seq);
}

/** As much of a judgement as travels to the till. */
export function settlementOf({ manifest: _manifest, earlier: _earlier, ...judgement }: Judgement): Settlement {
  return {
    ...judgement,
    exceptions: judgement.exceptions.slice(0, LIMITS.maxSettlementExceptions),
    need: judgement.need.slice(0, LIMITS.maxRepairs),
  };
}

function textOf(settlement: Settlement): string {
  return canonicalText(settlement);
}
