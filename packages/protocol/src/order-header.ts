import { z } from "zod";
import { canonicalText } from "./canonical.ts";
import { effectiveAtMs } from "./records/stamp.ts";

/** Milliseconds: more than any clock that `occurredAt` can tell is off, and far from where sums get inexact. */
export const MAX_CLOCK_OFFSET_MS = 1_000_000_000_000_000;

/** What an edit says of the order as a whole: only the fields that it writes. Null takes a field away. */
export const orderHeader = z.strictObject({
  label: z.string().max(64).nullable().optional(),
  operator: z.string().min(1).max(64).nullable().optional(),
  customerId: z.string().min(1).max(64).nullable().optional(),
  covers: z.int().min(0).max(10_000).nullable().optional(),
});

type Written = z.infer<typeof orderHeader>;

/** The header of an order as it stands; a field that nobody wrote, or somebody took away, is not there. */
export type OrderHeader = { readonly [F in keyof Written]?: NonNullable<Written[F]> };

export const HEADER_FIELDS = Object.keys(orderHeader.shape) as readonly (keyof Written)[];

/** What an edit's body says about the header. */
export interface HeaderEdit {
  readonly changeId: string;
  readonly occurredAt: string;
  readonly payload: { readonly header?: Written | undefined; readonly clockOffsetMs?: number | undefined };
}

/**
 * The header that these edits make: of each field the last write stands. When an edit counts as made, and who goes first
 * in the same millisecond, is in its bytes alone; so everybody who has the same edits shows the same header, in whatever
 * order they came and whichever life of a till brought them.
 */
export function foldHeader(edits: readonly HeaderEdit[]): OrderHeader {
  const header: Record<string, unknown> = {};
  for (const field of HEADER_FIELDS) {
    const last = edits.reduce<HeaderEdit | undefined>((standing, edit) => {
      if (edit.payload.header?.[field] === undefined) return standing;
      return standing === undefined || compareEdits(edit, standing) > 0 ? edit : standing;
    }, undefined);
    const value = last?.payload.header?.[field] ?? null;
    if (value !== null) header[field] = value;
  }
  return header as OrderHeader;
}

/** When the latest of these writes of a header counts as made, milliseconds since 1970; undefined when there is none. */
export function headerWrittenMs(edits: readonly HeaderEdit[]): number | undefined {
  const times = edits.filter(({ payload }) => payload.header !== undefined).map(countsAtMs);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** Not capped at the receipt, which tills are not told: see decision 0032. */
function countsAtMs({ occurredAt, payload }: HeaderEdit): number {
  const occurredAtMs = Date.parse(occurredAt);
  return effectiveAtMs({ occurredAtMs, clockOffsetMs: payload.clockOffsetMs, receivedAtMs: Number.POSITIVE_INFINITY });
}

/** Contents decide only between edits that carry one changeId, which no honest terminal makes. */
function compareEdits(one: HeaderEdit, other: HeaderEdit): number {
  const byTime = countsAtMs(one) - countsAtMs(other);
  if (byTime !== 0) return byTime;
  if (one.changeId !== other.changeId) return one.changeId < other.changeId ? -1 : 1;
  const [mine, theirs] = [canonicalText(one.payload.header), canonicalText(other.payload.header)];
  return mine < theirs ? -1 : mine > theirs ? 1 : 0;
}
