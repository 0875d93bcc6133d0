import { type PayloadOf, type Stretch, sameContent } from "@tillsync/protocol";
import type { JudgeContext } from "./judge.ts";
import type { ClosePlace, SettlementTransaction } from "./ports.ts";
import { collect, whereNow } from "./sent-again.ts";
import { surveyShift } from "./survey.ts";

/** What a manifest says of the lives that its shift went through before the one in which it was closed. */
export type ToldEarlier = NonNullable<PayloadOf<"shift.closed">["earlier"]>;

/** A part of a shift in an earlier life of its till's database, as the centre has it. */
export interface EarlierPart extends Omit<Stretch, "chainHead"> {
  readonly incarnation: string;
  /** Hash of its last change; null when the centre has not that one. */
  readonly chainHead: string | null;
  /** The same as the till says, byte for byte. */
  readonly isSame: boolean;
}

const NOTHING = { counts: {}, totals: [], chainHead: null, isSame: false };

/**
 * Adds up the parts of a shift that stand in earlier lives: a till whose database was put back, or lost its last rows, goes
 * on in a new life with the shift that was open, and one cashier's money is in both. The centre may hold more of such a life
 * than its till has; only the stretch that the till names belongs to the shift.
 */
export async function surveyEarlier(
  tx: SettlementTransaction,
  context: JudgeContext,
  closing: ClosePlace,
  told: ToldEarlier,
): Promise<EarlierPart[]> {
  const parts: EarlierPart[] = [];
  for (const part of told) {
    const stored = await surveyPart(tx, context, closing, part);
    parts.push(stored.isSame ? stored : await surveyMoved(tx, context, closing, { part, stored }));
  }
  return parts;
}

/** A life may have ended before the place that a manifest names: what was behind it was sent again in a later one. */
async function surveyMoved(
  tx: SettlementTransaction,
  context: JudgeContext,
  closing: ClosePlace,
  { part, stored }: { part: ToldEarlier[number]; stored: EarlierPart },
): Promise<EarlierPart> {
  const { incarnation, openSeq, closeSeq } = part;
  if (closeSeq < openSeq) return stored;
  const pieces = await whereNow(tx, closing, { incarnation, fromSeq: openSeq, toSeq: closeSeq });
  if (pieces.every((piece) => piece.incarnation === incarnation)) return stored;
  const { isWhole, ...found } = await collect(tx, context, closing.terminal, pieces);
  const isSame = isWhole && found.chainHead === part.chainHead && sameContent(part, found);
  return { incarnation, openSeq, closeSeq, ...found, isSame };
}

async function surveyPart(
  tx: SettlementTransaction,
  context: JudgeContext,
  { terminal }: ClosePlace,
  part: ToldEarlier[number],
): Promise<EarlierPart> {
  const { incarnation, openSeq, closeSeq } = part;
  const place = { terminal, incarnation, seq: closeSeq + 1 };
  const mark = await tx.mark(place);
  // A life that is not known, or does not reach so far: nothing is read, whatever range a manifest makes up.
  if (mark === undefined || mark.seq < closeSeq || closeSeq < openSeq) {
    return { incarnation, openSeq, closeSeq, ...NOTHING };
  }
  const { sums, lost, chainHead } = await surveyShift(tx, context, place, openSeq);
  const content = { counts: sums.counts(), totals: sums.totals() };
  const isWhole = !lost.some((seq) => seq <= closeSeq);
  const isSame = isWhole && chainHead === part.chainHead && sameContent(part, content);
  return { incarnation, openSeq, closeSeq, chainHead, ...content, isSame };
}
