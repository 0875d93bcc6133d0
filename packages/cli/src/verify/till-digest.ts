import { sha256 } from "@tillsync/engine";
import { type RangeDigest, rangeDigest, rangeLine } from "@tillsync/protocol";
import type { TillChange, TillJournal, TillLife } from "./journal-side.ts";

/** The till's digest of a range, from its own rows: each is read and hashed again, and none is kept. */
export function tillDigest(
  journal: TillJournal,
  life: TillLife,
  { fromSeq, toSeq }: { fromSeq: number; toSeq: number },
  onChange: (change: TillChange) => void = () => {},
): RangeDigest {
  const lines: string[] = [];
  let flawed = 0;
  let before: { readonly seq: number; readonly hash: string | undefined } = {
    seq: fromSeq - 1,
    hash: journal.hashAt(life, fromSeq - 1),
  };
  for (const change of journal.changes(life, fromSeq, toSeq)) {
    const { seq, hash, kind, document } = change;
    const prevHash = before.seq === seq - 1 ? before.hash : undefined;
    const fits = prevHash !== undefined && change.hashBehind(prevHash) === hash;
    if (!fits || change.private() !== "whole") flawed++;
    lines.push(rangeLine(seq, hash, kind, document ?? (kind === "inventory.updated" ? NO_MONEY : null)));
    before = { seq, hash };
    onChange(change);
  }
  return { fromSeq, toSeq, rows: lines.length, digest: rangeDigest(sha256, lines), flawed, unapplied: 0 };
}

const NO_MONEY = { currency: null, totalMinor: null, receiptNumber: null };

/** Whether two sides hold the same in a range, all of it, each with bytes that give its hashes, and all of it applied. */
export function isSame(till: RangeDigest, centre: RangeDigest): boolean {
  return (
    till.digest === centre.digest &&
    till.rows === till.toSeq - till.fromSeq + 1 &&
    centre.rows === till.rows &&
    till.flawed + centre.flawed + centre.unapplied === 0
  );
}
