import { type DocumentRow, entityKey, type StoredChange } from "./ports.ts";

/** What one life adds to a statement that stores at once. */
export interface LifeBatch {
  readonly changes: readonly StoredChange[];
  /** One an entity, as `collapse` gives them. */
  readonly entities: readonly DocumentRow[];
}

/** The rows of `STORE_CHANGES`, and the bytes that they point into. What is null or false is left out. */
export function packed(lives: readonly (readonly StoredChange[])[]): { rows: object[]; bytes: Buffer } {
  let size = 0;
  for (const { body, private: secret } of lives.flat())
    size += Buffer.byteLength(body) + (secret === null ? 0 : Buffer.byteLength(secret));
  const bytes = Buffer.allocUnsafe(size);
  let end = 0;
  const rowOf = (life: number, change: StoredChange) => {
    const { body, private: secret, changeId, kind, localId, code, message, origin, ...row } = change;
    const bodyAt = end;
    end += bytes.write(body, end);
    const privateAt = end;
    if (secret !== null) end += bytes.write(secret, end);
    return {
      // PostgreSQL counts from 1.
      life: life + 1,
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
      bodyAt: bodyAt + 1,
      bodyBytes: privateAt - bodyAt,
      privateAt: secret === null ? undefined : privateAt + 1,
      privateBytes: secret === null ? undefined : end - privateAt,
    };
  };
  return { rows: lives.flatMap((changes, life) => changes.map((change) => rowOf(life, change))), bytes };
}

/** Batches as the parameters of `STORE_AT_ONCE` have them. */
export interface Packed {
  readonly rows: string;
  readonly bytes: Buffer;
  readonly documents: string;
  readonly events: string;
  /** How many documents have to be written. */
  readonly entities: number;
}

/** Batches of several lives of one store; no two of them may speak of the same entity. */
export function packBatches(lives: readonly LifeBatch[]): Packed {
  const { rows, bytes } = packed(lives.map(({ changes }) => changes));
  const entities = lives.flatMap(({ entities: rows }, life) => rows.map((row) => ({ life: life + 1, ...row })));
  // One life's come sorted; several are put into the order in which every writer locks them.
  if (lives.length > 1) entities.sort((one, other) => (entityKey(one) < entityKey(other) ? -1 : 1));
  const { rows: documents, events } = packedDocuments(entities);
  return { rows: JSON.stringify(rows), bytes, documents, events, entities: entities.length };
}

/** The rows of `UPSERT_DOCUMENTS` and of `INSERT_EVENTS`, as JSON texts. */
export function packedDocuments(documents: readonly (DocumentRow & { readonly life?: number })[]): {
  rows: string;
  events: string;
  hasEvents: boolean;
} {
  const events = documents.flatMap(({ life, localId, seq, events: list }) =>
    list.map((event) => ({ life, localId, eventId: event.id, event, seq })),
  );
  const rows = documents.map(({ events: _events, ...row }) => row);
  return { rows: JSON.stringify(rows), events: JSON.stringify(events), hasEvents: events.length > 0 };
}
