import type { Origin, Sha256 } from "./chain.ts";

/** Changes that one digest covers when a whole life is compared; ranges are aligned to it on both sides. */
export const RANGE_CHANGES = 1000;

/**
 * What a side says of the changes `fromSeq..toSeq` of one life. Two sides hold the same there when their digests are equal
 * and neither has a flawed row; all of it was applied when the centre has no unapplied one.
 */
export interface RangeDigest {
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Changes that are there; as many as the range is long when none is missing. */
  readonly rows: number;
  /** SHA-256 over the lines of the changes that are there: `rangeLine`. */
  readonly digest: string;
  /** Changes whose bytes, hashed again just now, do not give the hash beside them; their private part counts as well. */
  readonly flawed: number;
  /** Changes that were stored and not applied. None on a till. */
  readonly unapplied: number;
}

/** What a change is worth to those who count: only closed orders, transactions and stock movements are. */
export interface RangeFacts {
  readonly currency: string | null;
  readonly totalMinor: number | null;
  readonly receiptNumber: string | null;
}

/** The line of one change in a digest. The centre writes the same in SQL: `server/src/ledger/digest-statement.ts`. */
export function rangeLine(seq: number, hash: string, kind: string | null, facts: RangeFacts | null): string {
  if (kind === "inventory.updated") return `${seq} ${hash} ${facts === null ? "-" : "+"}`;
  if (kind !== "order.closed" && kind !== "transaction.recorded") return `${seq} ${hash}`;
  const { currency, totalMinor, receiptNumber } = facts ?? { currency: null, totalMinor: null, receiptNumber: null };
  return `${seq} ${hash} ${currency ?? ""} ${totalMinor ?? 0} ${receiptNumber ?? ""}`;
}

/** @param lines in seq order, of the changes that are there */
export function rangeDigest(sha256: Sha256, lines: readonly string[]): string {
  return sha256(`tillsync/range/1\n${lines.join("\n")}`);
}

/** The ranges of at most `size` changes, aligned to it, that `fromSeq..toSeq` consists of. */
export function* rangesOf(fromSeq: number, toSeq: number, size: number): Generator<{ fromSeq: number; toSeq: number }> {
  for (let from = fromSeq; from <= toSeq; ) {
    const to = Math.min(toSeq, Math.ceil(from / size) * size);
    yield { fromSeq: from, toSeq: to };
    from = to + 1;
  }
}

/** Rows that lie together: runs of `seqs`, in order, in which no two neighbours are further apart than `reach`. */
export function runsOf(seqs: readonly number[], reach: number): { fromSeq: number; toSeq: number }[] {
  const runs: { fromSeq: number; toSeq: number }[] = [];
  for (const seq of seqs) {
    const run = runs.at(-1);
    if (run && seq <= run.toSeq + reach) run.toSeq = seq;
    else runs.push({ fromSeq: seq, toSeq: seq });
  }
  return runs;
}

/** The hash of a change's bytes without its place: whether two sides have the same, whatever else is wrong around them. */
export function bytesHash(sha256: Sha256, { origin, body }: { origin?: Origin | undefined; body: string }): string {
  const text = origin === undefined ? "" : `${origin.incarnation}:${origin.seq}:${origin.hash}`;
  return sha256(`tillsync/bytes/1\n${text}\n${body}`);
}
