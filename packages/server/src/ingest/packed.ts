import { collapse } from "./interpret.ts";
import type { DocumentRow, StoredChange } from "./ports.ts";

/** The rows of `STORE_CHANGES`, and the bytes that they point into. What is null or false is left out. */
export function packed(changes: readonly StoredChange[]): { rows: object[]; bytes: Buffer } {
  let size = 0;
  for (const { body, private: secret } of changes)
    size += Buffer.byteLength(body) + (secret === null ? 0 : Buffer.byteLength(secret));
  const bytes = Buffer.allocUnsafe(size);
  let end = 0;
  const rows = changes.map(({ body, private: secret, changeId, kind, localId, code, message, origin, ...row }) => {
    const bodyAt = end;
    end += bytes.write(body, end);
    const privateAt = end;
    if (secret !== null) end += bytes.write(secret, end);
    return {
      seq: row.seq,
      hash: row.hash,
      changeId: changeId ?? undefined,
      kind: kind ?? undefined,
      localId: localId ?? undefined,
      effect: row.effect,
      code: code ?? undefined,
      message: message ?? undefined,
      origin: origin ?? undefined,
      repeat: row.repeat || undefined,
      damaged: row.damaged || undefined,
      // PostgreSQL counts from 1.
      bodyAt: bodyAt + 1,
      bodyBytes: privateAt - bodyAt,
      privateAt: secret === null ? undefined : privateAt + 1,
      privateBytes: secret === null ? undefined : end - privateAt,
    };
  });
  return { rows, bytes };
}

/** A batch as the parameters of `STORE_AT_ONCE` have it. */
export interface Packed {
  readonly rows: string;
  readonly bytes: Buffer;
  readonly documents: string;
  readonly events: string;
  /** How many documents have to be written. */
  readonly entities: number;
}

/** @throws SyncError ALREADY_CLOSED, as `collapse` */
export function packBatch(
  changes: readonly StoredChange[],
  documents: readonly DocumentRow[],
  terminal: string,
): Packed {
  const entities = collapse(documents, terminal);
  const { rows, bytes } = packed(changes);
  const { rows: written, events } = packedDocuments(entities);
  return { rows: JSON.stringify(rows), bytes, documents: written, events, entities: entities.length };
}

/** The rows of `UPSERT_DOCUMENTS` and of `INSERT_EVENTS`, as JSON texts. */
export function packedDocuments(documents: readonly DocumentRow[]): {
  rows: string;
  events: string;
  hasEvents: boolean;
} {
  const events = documents.flatMap(({ localId, seq, events: list }) =>
    list.map((event) => ({ localId, eventId: event.id, event, seq })),
  );
  const rows = documents.map(({ events: _events, ...row }) => row);
  return { rows: JSON.stringify(rows), events: JSON.stringify(events), hasEvents: events.length > 0 };
}
