import { type PayloadOf, type Stretch, sameContent } from "@tillsync/protocol";
import type { JudgeContext } from "./judge.ts";
import type { SettlementTransaction } from "./ports.ts";
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
  terminal: string,
  told: ToldEarlier,
): Promise<EarlierPart[]> {
  const parts: EarlierPart[] = [];
  for (const part of told) {
    const { incarnation, openSeq, closeSeq } = part;
    const place = { terminal, incarnation, seq: closeSeq + 1 };
    const mark = await tx.mark(place);
    // A life that is not known, or does not reach so far: nothing is read, whatever range a manifest makes up.
    if (mark === undefined || mark.seq < closeSeq || closeSeq < openSeq) {
      parts.push({ incarnation, openSeq, closeSeq, ...NOTHING });
      continue;
    }
    const { sums, lost, chainHead } = await surveyShift(tx, context, place, openSeq);
    const content = { counts: sums.counts(), totals: sums.totals() };
    const isWhole = !lost.some((seq) => seq <= closeSeq);
    const isSame = isWhole && chainHead === part.chainHead && sameContent(part, content);
    parts.push({ incarnation, openSeq, closeSeq, chainHead, ...content, isSame });
  }
  return parts;
}
