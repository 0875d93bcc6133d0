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
