import { CHAIN_START, type FoundRow } from "@tillsync/protocol";
import type { IngestTransaction, StoredChange, TerminalLife } from "./ports.ts";
import * as sql from "./statements.ts";

/** Runs one statement within the transaction's store. */
type Query = <T extends object>(text: string, ...params: readonly unknown[]) => Promise<T[]>;

/** The rows near places that are repaired, and the end of the life. */
export async function readAround(
  query: Query,
  { terminal, incarnation }: TerminalLife,
  seqs: readonly number[],
): ReturnType<IngestTransaction["around"]> {
  const places = [...new Set(seqs.flatMap((seq) => [seq - 1, seq, seq + 1]))];
  type Row = { seq: number; hash: string | null; origin: StoredChange["origin"]; body: Buffer | null };
  const rows = await query<Row>(sql.READ_AROUND, terminal, incarnation, places);
  type End = { seq: number; hash: string };
  const [known = { seq: 0, hash: CHAIN_START }] = await query<End>(sql.READ_END, terminal, incarnation);
  const found = rows.map(({ seq, hash, origin, body }): [number, FoundRow] => [
    seq,
    { seq, hash, origin: origin ?? undefined, body: body?.toString("utf8") ?? null },
  ]);
  return { found: new Map(found), known };
}

/** Puts hashes right, and marks bytes that are doubted. */
export async function writeRestored(
  query: Query,
  { terminal, incarnation }: TerminalLife,
  { hashes, doubted }: Parameters<IngestTransaction["restore"]>[1],
): Promise<void> {
  for (const { seq, hash } of hashes) await query(sql.SET_HASH, terminal, incarnation, seq, hash);
  await query(sql.SET_DAMAGED, terminal, incarnation, doubted);
}

/** A stored private part with the bytes that hold its hash. */
export async function readPrivate(
  query: Query,
  { terminal, incarnation }: TerminalLife,
  seq: number,
): ReturnType<IngestTransaction["privateOf"]> {
  type Row = { body: Buffer; private: Buffer | null };
  const [row] = await query<Row>(sql.READ_PRIVATE, terminal, incarnation, seq);
  return row && { body: row.body.toString("utf8"), private: row.private?.toString("utf8") ?? null };
}

export async function writePrivate(
  query: Query,
  { terminal, incarnation }: TerminalLife,
  { seq, text }: { seq: number; text: string | null },
): Promise<void> {
  await query(sql.DROP_PRIVATE, terminal, incarnation, [seq]);
  if (text !== null) await query(sql.PUT_PRIVATE, terminal, incarnation, seq, Buffer.from(text, "utf8"));
  const released = await query<{ localId: string | null }>(sql.RELEASE_PRIVATE, terminal, incarnation, [seq]);
  for (const { localId } of released) if (localId !== null) await query(sql.WAKE_WAITING, localId);
}
