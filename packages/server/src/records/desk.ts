import {
  type ChangeBody,
  effectiveAtMs,
  type MergePolicy,
  mergeEdit,
  parseBody,
  privatePart,
  type RecordEdit,
  type RowChange,
  readCustomerEdit,
  type Sha256,
  type SharedRecord,
  SyncError,
} from "@tillsync/protocol";
import { type Lost, lostOf, refusedEdit } from "./lost.ts";
import type { StandingRow } from "./ports.ts";
import { isNews, type PlacedStamp, rowOf, type StoredState } from "./state.ts";

/** Records that are being merged, until they are written. It touches no database. */
export class RecordDesk {
  readonly #records: Map<string, SharedRecord>;
  readonly #standing: ReadonlyMap<string, StandingRow>;

  constructor(records: Map<string, SharedRecord>, standing: ReadonlyMap<string, StandingRow>) {
    this.#records = records;
    this.#standing = standing;
  }

  record(id: string): SharedRecord | undefined {
    return this.#records.get(id);
  }

  /** @returns what does not stand. An edit that would make a row which no till can read is kept, and not merged. */
  merge(id: string, edit: RecordEdit, policy: MergePolicy): Lost[] {
    const before = this.#records.get(id);
    if (before === undefined) throw new Error("a record was merged that had not been read");
    const { record, losses } = mergeEdit(before, edit, policy);
    if (rowOf(id, record) === undefined) return [refusedEdit(id, edit, before)];
    this.#records.set(id, record);
    return lostOf(id, losses, policy);
  }

  states(): StoredState[] {
    return [...this.#records].map(([id, { fields, totals }]) => ({ id, fields, totals }));
  }

  /** Rows and tombstones that say something else than what stands. */
  news(): RowChange[] {
    return [...this.#records].flatMap(([id, record]): RowChange[] => {
      const change = rowOf(id, record);
      return change !== undefined && isNews(change, this.#standing.get(id)) ? [change] : [];
    });
  }
}

/** An edit as it is stored. */
export interface StoredEdit {
  readonly terminal: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly body: string | null;
  readonly private: string | null;
  readonly receivedAtMs: number;
}

/** Undefined while bytes or private part are missing or damaged: they are looked at again each time, until they are repaired. */
export function editOf(row: StoredEdit, storeId: number, sha256: Sha256): RecordEdit | undefined {
  const body = row.body === null ? undefined : readBody(row.body);
  if (body?.kind !== "customer.edited") return undefined;
  if (privatePart(sha256, body.private, row.private) === "lost") return undefined;
  const { occurredAt, payload } = body;
  const { terminal, incarnation, seq, receivedAtMs } = row;
  const at = { occurredAtMs: Date.parse(occurredAt), clockOffsetMs: payload.clockOffsetMs, receivedAtMs };
  const stamp: PlacedStamp = { effectiveAtMs: effectiveAtMs(at), terminal, incarnation, seq, storeId };
  return readCustomerEdit(payload, row.private, stamp);
}

function readBody(text: string): ChangeBody | undefined {
  try {
    return parseBody(text);
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}
