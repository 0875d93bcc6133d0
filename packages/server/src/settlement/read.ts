import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import type { Judgement } from "./ports.ts";

/** A closed shift as the centre knows it: what its till said, and what the centre found. */
export interface ShiftView extends Judgement {
  readonly shift: string;
  readonly terminal: string;
  readonly shortId: string;
  readonly incarnation: string;
  /** Of the change that closed it. */
  readonly seq: number;
  readonly businessDate: string | null;
  readonly judgedAt: string;
  /** Rows that nobody has. */
  readonly lacked: readonly number[];
  /** Rows of the centre that were wrong and are right again. */
  readonly healed: readonly number[];
}

type Row = Omit<ShiftView, keyof Judgement | "judgedAt"> & { readonly judgement: Judgement; readonly judgedAt: Date };

/** The newest of its name: a till that was put back may close a shift twice. */
const READ_SHIFT = `
  SELECT s.local_id AS shift, s.terminal, t.short_id AS "shortId", s.incarnation, s.seq::float8 AS seq,
    to_char(s.business_date, 'YYYY-MM-DD') AS "businessDate", s.judged_at AS "judgedAt", s.judgement, s.lacked, s.healed
  FROM shift_settlement s
  JOIN terminal t ON t.org_id = s.org_id AND t.store_id = s.store_id AND t.terminal = s.terminal
  WHERE s.org_id = $1 AND s.store_id = $2 AND s.local_id = $3 AND ($4::uuid IS NULL OR s.terminal = $4)
  ORDER BY s.judged_at DESC LIMIT 1`;

/**
 * @param terminal only of this one; null for any of the store
 * @throws SyncError NOT_FOUND for a shift that is open, was not judged yet, or is not known
 */
export function readShift(
  pool: pg.Pool,
  scope: Scope,
  { shift, terminal }: { shift: string; terminal: string | null },
): Promise<ShiftView> {
  return inScope(pool, scope, async (client) => {
    const { rows } = await client.query<Row>(READ_SHIFT, [scope.orgId, scope.storeId, shift, terminal]);
    const [row] = rows;
    if (row === undefined) {
      const message = "The centre has no judgement of this shift: it is open, was not compared yet, or is not known.";
      throw new SyncError("NOT_FOUND", message, { field: "shift", got: shift });
    }
    const { judgement, judgedAt, ...place } = row;
    return { ...place, judgedAt: judgedAt.toISOString(), ...judgement };
  });
}
