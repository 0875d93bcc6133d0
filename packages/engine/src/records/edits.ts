import {
  type CustomerEdited,
  type FieldValue,
  mergeEdit,
  NO_RECORD,
  readCustomerEdit,
  visible,
} from "@tillsync/protocol";
import { type Life, positionOf } from "../journal.ts";
import { Layers } from "../modules/layers.ts";
import type { Sql } from "../ports.ts";

export type Fields = Readonly<Record<string, FieldValue>>;
type Read = Pick<Sql, "get" | "all">;

/**
 * How long after the centre had an edit it is merged for certain, milliseconds: right behind the exchange, or by the sweep
 * that a server makes every minute. Whatever copy was asked for later has it.
 */
const MERGED_AFTER_MS = 150_000;
/** A smaller difference of the clocks is the answer's way, milliseconds: it would put two edits in the wrong order. */
const NOISE_MS = 1_000;
/** What the centre had so long ago is in the copy, whoever is away. */
const IN_COPY_MS = 24 * 60 * 60 * 1000;
/** An edit whose copy never came is let go after so long: this till has no modules. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

interface EditRow {
  readonly position: number;
  readonly durableAt: number | null;
  readonly seen: string | null;
  readonly body: string;
  readonly private: string | null;
}

/** A customer as people at this till see it. */
export interface CustomerRecord {
  readonly fields: Fields | undefined;
  /** Edits of this till that are not in its copy of head office's customers yet. */
  readonly pending: number;
  /** What those change totals by. */
  readonly pendingTotals: Readonly<Record<string, number>>;
}

/** The copy of head office's customers, with this till's own edits over it until the copy has them. */
export function customerRecord(read: Read, id: string, askedAt: string | null): CustomerRecord {
  const copy = copyOf(read, id);
  const text = JSON.stringify(copy ?? null);
  const pending = editsOf(read, id).filter((edit) => !isInCopy(edit, text, askedAt));
  let record = NO_RECORD;
  const begin = { effectiveAtMs: 0, terminal: "", incarnation: "", seq: 0 };
  if (copy !== undefined) record = mergeEdit(record, { stamp: begin, set: copy, base: {}, add: {} }).record;
  for (const [index, { body, private: secret }] of pending.entries()) {
    const payload = payloadOf(body);
    if (payload === undefined) continue;
    const edit = readCustomerEdit(payload, secret, { ...begin, seq: index + 1 });
    record = mergeEdit(record, edit, "client-wins").record;
  }
  return { fields: visible(record), pending: pending.length, pendingTotals: record.totals };
}

/** Undefined when the disk damaged it: the customer is shown without that edit, until its bytes come back. */
function payloadOf(body: string): CustomerEdited | undefined {
  try {
    return (JSON.parse(body) as { payload: CustomerEdited }).payload;
  } catch {
    return undefined;
  }
}

/** Customers with edits of this till that its copy may not have yet, the latest first. */
export function pendingIds(read: Read, nowMs: number): string[] {
  const sql = `SELECT id FROM record_edit WHERE durable_at IS NULL OR durable_at > ? GROUP BY id ORDER BY max(position) DESC`;
  return read.all<{ id: string }>(sql, Math.round(nowMs - IN_COPY_MS)).map(({ id }) => id);
}

function copyOf(read: Read, id: string): Fields | undefined {
  const found = new Layers(read, "customers").byId(id);
  if (found === undefined) return undefined;
  const { id: _, ...fields } = found.row;
  return fields as Fields;
}

function editsOf(read: Read, id: string): EditRow[] {
  return read.all<EditRow>(
    `SELECT e.position, e.durable_at AS durableAt, e.seen, j.body, j.private FROM record_edit e
     JOIN journal j ON j.position = e.position WHERE e.id = ? ORDER BY e.position`,
    id,
  );
}

/** Once the centre had it, the next version of the row is what the centre made of it; if there is none, it made nothing. */
function isInCopy({ durableAt, seen }: EditRow, copy: string, askedAt: string | null): boolean {
  if (durableAt === null) return false;
  return seen !== copy || (askedAt !== null && Date.parse(askedAt) > durableAt + MERGED_AFTER_MS);
}

export function noteEdit(tx: Sql, position: number, id: string): void {
  tx.run("INSERT INTO record_edit (position, id) VALUES (?, ?)", position, id);
}

/** An answer of the centre came: its clock is measured, and edits up to its mark are with it now. */
export function noteAnswer(
  tx: Sql,
  { life, wallMs }: { readonly life: Life; readonly wallMs: number },
  answer: { readonly durableThrough: number; readonly serverTimeMs: number },
): void {
  const ahead = Math.round(answer.serverTimeMs - wallMs);
  const offsetMs = Math.abs(ahead) < NOISE_MS ? 0 : ahead;
  tx.run(
    "INSERT INTO centre_clock (one, offset_ms) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET offset_ms = excluded.offset_ms",
    offsetMs,
  );
  const waiting = tx.all<{ position: number; id: string }>(
    "SELECT position, id FROM record_edit WHERE durable_at IS NULL AND position <= ?",
    positionOf(life.ordinal, answer.durableThrough),
  );
  for (const { position, id } of waiting) {
    const seen = JSON.stringify(copyOf(tx, id) ?? null);
    tx.run("UPDATE record_edit SET durable_at = ?, seen = ? WHERE position = ?", Math.round(wallMs), seen, position);
  }
  if (waiting.length > 0) tx.run("DELETE FROM record_edit WHERE durable_at < ?", Math.round(wallMs - KEPT_MS));
}

/** Undefined before the first answer of the centre. */
export function clockOffsetMs(read: Read): number | undefined {
  return read.get<{ offset: number }>("SELECT offset_ms AS offset FROM centre_clock")?.offset;
}
