import { RANGE_CHANGES, type RangeDigest, rangeDigest, rangesOf } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import { READ_DIGESTS } from "./digest-statement.ts";
import { findLife, type Life } from "./ledger.ts";
import { sha256 } from "./sha256.ts";

/** Changes that one answer covers at most: each thousand is a statement and a transaction of its own. */
const MAX_CHANGES = 20 * RANGE_CHANGES;
/** Ranges in one answer: small ones are asked for where large ones differ. */
const MAX_RANGES = 1000;
/** Bytes hashed for one answer, about a second of one processor; the range that passes this is the last one. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Documents that are alike, counted and added up; the same on both sides when these are. */
export interface DigestTotal {
  readonly kind: string;
  readonly currency: string | null;
  readonly count: number;
  readonly totalMinor: number;
}

/** What the centre holds of a stretch of one life, as digests by range. */
export interface DigestPage extends Life {
  readonly terminal: string;
  readonly ranges: readonly RangeDigest[];
  /** Of the ranges of this page, from the centre's documents. */
  readonly totals: readonly DigestTotal[];
  /** Where the next page starts; null when this is the last. */
  readonly nextSeq: number | null;
}

export interface DigestQuery {
  readonly terminal: string;
  /** The terminal's newest when absent. */
  readonly incarnation?: string | undefined;
  readonly fromSeq: number;
  /** The last change to cover; what is stored when absent. */
  readonly toSeq?: number | undefined;
  /** Changes in a range, 1 to 1000; ranges are aligned to it. */
  readonly size: number;
}

/**
 * Digests by range of one life, made by PostgreSQL from the bytes that are stored. Each slice of a thousand changes is read
 * in a transaction of its own: rows never change place, so that slices need not be of one moment, and none is long.
 *
 * @throws SyncError NOT_FOUND
 */
export async function readDigests(pool: pg.Pool, scope: Scope, query: DigestQuery): Promise<DigestPage> {
  const life = await inScope(pool, scope, (client) => findLife(client, scope, query));
  const place = { terminal: query.terminal, incarnation: life.incarnation, size: query.size };
  const end = Math.min(query.toSeq ?? life.durableThrough, life.durableThrough);
  const last = Math.min(end, query.fromSeq + Math.min(MAX_CHANGES, MAX_RANGES * query.size) - 1);
  const ranges: RangeDigest[] = [];
  const totals: DigestTotal[] = [];
  let bytes = 0;
  for (const slice of rangesOf(query.fromSeq, last, RANGE_CHANGES)) {
    const read = await readSlice(pool, scope, { ...place, ...slice });
    ranges.push(...read.ranges);
    totals.push(...read.totals);
    bytes += read.bytes;
    if (bytes >= MAX_BYTES) break;
  }
  const next = (ranges.at(-1)?.toSeq ?? end) + 1;
  return { terminal: query.terminal, ...life, ranges, totals: summed(totals), nextSeq: next <= end ? next : null };
}

interface Slice {
  readonly terminal: string;
  readonly incarnation: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly size: number;
}

interface SliceRow {
  readonly ranges: readonly (Omit<RangeDigest, "fromSeq" | "toSeq"> & { readonly range: number })[] | null;
  readonly totals: readonly (Omit<DigestTotal, "totalMinor"> & { readonly totalMinor: string })[] | null;
  readonly bytes: number;
}

async function readSlice(pool: pg.Pool, scope: Scope, slice: Slice) {
  const { terminal, incarnation, fromSeq, toSeq, size } = slice;
  const params = [scope.orgId, scope.storeId, terminal, incarnation, fromSeq, toSeq, size];
  const { rows } = await inScope(pool, scope, (client) => client.query<SliceRow>(READ_DIGESTS, params));
  const { ranges, totals, bytes } = rows[0] ?? { ranges: null, totals: null, bytes: 0 };
  const found = new Map(ranges?.map(({ range, ...digest }) => [range, digest]));
  const nothing = { rows: 0, digest: rangeDigest(sha256, []), flawed: 0, unapplied: 0 };
  return {
    ranges: [...rangesOf(fromSeq, toSeq, size)].map((range) => {
      return { ...range, ...(found.get(Math.floor((range.fromSeq - 1) / size)) ?? nothing) };
    }),
    totals: (totals ?? []).map((total) => ({ ...total, totalMinor: Number(total.totalMinor) })),
    bytes,
  };
}

function summed(totals: readonly DigestTotal[]): DigestTotal[] {
  const sums = new Map<string, DigestTotal>();
  for (const total of totals) {
    const key = `${total.kind} ${total.currency}`;
    const { count, totalMinor } = sums.get(key) ?? { count: 0, totalMinor: 0 };
    sums.set(key, { ...total, count: count + total.count, totalMinor: totalMinor + total.totalMinor });
  }
  return [...sums.values()];
}
