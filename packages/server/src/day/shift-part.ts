import { type Amount, AmountSums } from "@tillsync/protocol";
import type pg from "pg";
import type { Scope } from "../ingest/ports.ts";
import type { Judgement } from "../settlement/ports.ts";

/** Documents of one kind: sales, returns, voids. */
export interface DocumentSum {
  readonly documentType: string;
  readonly currency: string;
  readonly count: number;
  readonly totalMinor: number;
}

/** One shift in a day's report. */
export interface ShiftPart {
  readonly shift: string | null;
  readonly terminal: string;
  /** What people call the terminal. */
  readonly shortId: string;
  readonly incarnation: string;
  /** Of the change that closed it. */
  readonly seq: number;
  readonly operator: string | null;
  readonly state: Judgement["state"];
  readonly changes: number;
  /** As the centre added them up from its bytes, in all lives of the till that the shift went through. */
  readonly totals: readonly Amount[];
  readonly documents: readonly DocumentSum[];
  readonly exceptions: number;
  /** As the till's manifest says; empty where it says nothing. */
  readonly receipts: readonly { readonly first: string; readonly last: string; readonly count: number }[];
  readonly overShort: readonly Amount[];
}

interface Row {
  readonly shift: string | null;
  readonly terminal: string;
  readonly shortId: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly openSeq: number;
  readonly judgement: Judgement;
  readonly body: Buffer | null;
}

/** Shifts of a day that were compared and came out the same, in the order of terminals and time. */
const SETTLED_SHIFTS = `
  SELECT s.local_id AS shift, s.terminal, t.short_id AS "shortId", s.incarnation, s.seq::float8 AS seq,
    s.open_seq::float8 AS "openSeq", s.judgement, b.body
  FROM shift_settlement s
  JOIN terminal t ON t.org_id = s.org_id AND t.store_id = s.store_id AND t.terminal = s.terminal
  JOIN incarnation i ON i.org_id = s.org_id AND i.store_id = s.store_id AND i.terminal = s.terminal AND i.incarnation = s.incarnation
  LEFT JOIN change_body b ON b.org_id = s.org_id AND b.store_id = s.store_id AND b.terminal = s.terminal
    AND b.incarnation = s.incarnation AND b.seq = s.seq
  WHERE s.org_id = $1 AND s.store_id = $2 AND s.business_date = $3 AND s.state <> 'different'
  ORDER BY length(t.short_id), t.short_id, i.ordinal, s.seq`;

/** The planner is kept to the shift: joined freely, it would rather read every document there is. */
const DOCUMENTS_OF_SHIFT = `
  SELECT d.document_type AS "documentType", d.currency, count(*)::float8 AS count, sum(d.total_minor)::float8 AS "totalMinor"
  FROM (
    SELECT local_id, seq FROM change_head WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4
      AND seq BETWEEN $5 AND $6 AND kind = 'order.closed' AND effect = 'applied' OFFSET 0
  ) h
  CROSS JOIN LATERAL (
    SELECT document_type, currency, total_minor FROM document
    WHERE org_id = $1 AND store_id = $2 AND entity = 'order' AND local_id = h.local_id AND terminal = $3 AND incarnation = $4
      AND seq = h.seq LIMIT 1
  ) d
  GROUP BY 1, 2 ORDER BY 2, 1`;

/** The shifts of a day, each as its report has it. */
export async function settledShifts(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  businessDate: string,
): Promise<ShiftPart[]> {
  const { rows } = await client.query<Row>(SETTLED_SHIFTS, [orgId, storeId, businessDate]);
  const parts: ShiftPart[] = [];
  for (const row of rows) {
    const { shift, terminal, shortId, incarnation, seq, openSeq, judgement, body } = row;
    const { earlier = [], counts, totals, state, exceptionCount: exceptions } = judgement;
    const documents: DocumentSum[] = [];
    for (const part of [...earlier, { incarnation, openSeq, closeSeq: seq }]) {
      const stretch = [orgId, storeId, terminal, part.incarnation, part.openSeq, part.closeSeq];
      documents.push(...(await client.query<DocumentSum>(DOCUMENTS_OF_SHIFT, stretch)).rows);
    }
    parts.push({
      ...{ shift, terminal, shortId, incarnation, seq, state, exceptions },
      changes: [counts, ...earlier.map((part) => part.counts)].reduce((sum, one) => sum + countOf(one), 0),
      totals: earlier.length === 0 ? totals : summed([totals, ...earlier.map((part) => part.totals)]),
      documents: documentSums(documents),
      ...saidOf(body?.toString("utf8") ?? ""),
    });
  }
  return parts;
}

/** What only the till knows: who closed, which receipts it printed, what was counted in the drawer. */
function saidOf(body: string): Pick<ShiftPart, "operator" | "receipts" | "overShort"> {
  try {
    const { payload } = JSON.parse(body) as { payload?: Partial<ShiftPart> };
    const { operator = null, receipts = [], overShort = [] } = payload ?? {};
    return { operator, receipts, overShort };
  } catch {
    return { operator: null, receipts: [], overShort: [] }; // a closing that nobody can read is an exception of its shift
  }
}

/** Sums of several shifts. */
export function summed(amounts: readonly (readonly Amount[])[]): Amount[] {
  const sums = new AmountSums();
  for (const amount of amounts.flat()) sums.add(amount);
  return sums.list();
}

function countOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

export function documentsOf(parts: readonly ShiftPart[]): DocumentSum[] {
  return documentSums(parts.flatMap(({ documents }) => documents));
}

/** Sums of the same documents in several places. */
export function documentSums(documents: readonly DocumentSum[]): DocumentSum[] {
  const sums = new Map<string, DocumentSum>();
  for (const one of documents) {
    const key = `${one.currency} ${one.documentType}`;
    const { count = 0, totalMinor = 0 } = sums.get(key) ?? {};
    sums.set(key, { ...one, count: count + one.count, totalMinor: totalMinor + one.totalMinor });
  }
  return [...sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, sum]) => sum);
}
