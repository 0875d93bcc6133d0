import {
  CENTRAL_LIFE,
  compareStamps,
  DELETED,
  type FieldValue,
  isSame,
  NO_RECORD,
  type RowChange,
  readRowChange,
  type SharedRecord,
  type Stamp,
  SyncError,
  visible,
  type Written,
} from "@tillsync/protocol";
import type { StandingRow } from "./ports.ts";

/** A stamp with the store of its terminal: where a write that lost is told. */
export interface PlacedStamp extends Stamp {
  readonly storeId: number;
}

/** Who writes a record at head office, and what an import wrote. */
export const AT_HEAD_OFFICE = "00000000-0000-0000-0000-000000000000";

export function headOfficeStamp(nowMs: number, storeId: number, seq: number): PlacedStamp {
  return { effectiveAtMs: nowMs, terminal: AT_HEAD_OFFICE, incarnation: CENTRAL_LIFE, seq, storeId };
}

/** `record_state` as it is kept. */
export interface StoredState {
  readonly id: string;
  readonly fields: Readonly<Record<string, Written>>;
  readonly totals: Readonly<Record<string, number>>;
}

/**
 * A record as it stands: who wrote its fields last, and what an import has written over them since, which counts as a
 * write of head office when the row was changed.
 *
 * @param nowMs when that is not known; a row that nobody has edited yet then counts as older than every edit
 */
export function adopt(
  state: StoredState | undefined,
  row: StandingRow | undefined,
  { nowMs, storeId }: { readonly nowMs: number; readonly storeId: number },
): SharedRecord {
  const record: SharedRecord = state ?? NO_RECORD;
  if (row === undefined) return record;
  const stands = row.text === null ? undefined : fieldsOf(row.text);
  if (stands === undefined && visible(record) === undefined) return record;
  const at = row.changedAtMs ?? (state === undefined ? 0 : nowMs);
  const stamp = headOfficeStamp(at, storeId, 0);
  const fields = { ...record.fields };
  const write = (field: string, value: FieldValue) => {
    const before = fields[field];
    if (isSame(before?.value ?? null, value)) return;
    // What was imported stands, so nothing that was there before may be later than it.
    const isLater = before !== undefined && compareStamps(before.stamp, stamp) >= 0;
    fields[field] = { value, stamp: isLater ? { ...stamp, effectiveAtMs: before.stamp.effectiveAtMs + 1 } : stamp };
  };
  if (stands === undefined) write(DELETED, true);
  else {
    write(DELETED, null);
    for (const field of new Set([...Object.keys(stands), ...Object.keys(record.fields)]))
      if (field !== DELETED) write(field, stands[field] ?? null);
  }
  return { fields, totals: record.totals };
}

/** A row has to have a name; an empty one is none. */
function fieldsOf(text: string): Readonly<Record<string, FieldValue>> {
  const { id: _, name, ...fields } = JSON.parse(text) as Record<string, FieldValue>;
  return name === "" || name === undefined ? fields : { name, ...fields };
}

/** The row of the module that says what the record is; undefined when what it is cannot be such a row. */
export function rowOf(id: string, record: SharedRecord): RowChange | undefined {
  const fields = visible(record);
  if (fields === undefined) return { id, deleted: true };
  try {
    return readRowChange("customers", { name: "", ...fields, id });
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}

/** Whether a row has to be written to say this. */
export function isNews(change: RowChange, row: StandingRow | undefined): boolean {
  const before = row?.text ?? null;
  return before !== (change.deleted ? null : change.text);
}
