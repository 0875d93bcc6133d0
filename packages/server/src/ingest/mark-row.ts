import type { Mark } from "./ports.ts";

/** A mark as `READ_MARK` gives it. */
export interface MarkRow extends Omit<Mark, "receipt"> {
  readonly receiptDate: string | null;
  readonly receiptSequence: number | null;
}

export function receiptOfRow({
  receiptDate,
  receiptSequence,
}: Pick<MarkRow, "receiptDate" | "receiptSequence">): Mark["receipt"] {
  return receiptDate === null || receiptSequence === null
    ? null
    : { businessDate: receiptDate, sequence: receiptSequence };
}

/** Which partition of `change_body` the bytes go to. */
export function monthOf(at: Date): string {
  return `${at.toISOString().slice(0, 7)}-01`;
}
