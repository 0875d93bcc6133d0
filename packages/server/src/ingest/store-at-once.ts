import { createHash } from "node:crypto";
import { canonicalText, SyncError } from "@tillsync/protocol";
import { collapse } from "./interpret.ts";
import { type MarkRow, monthOf, receiptOfRow } from "./mark-row.ts";
import { packBatches } from "./packed.ts";
import type { Mark, Run, TerminalLife, WholeBatch } from "./ports.ts";
import type { Query } from "./postgres-query.ts";
import { APPEND_FEED, STORE_AT_ONCE } from "./statements.ts";

export type LifeBatch = TerminalLife & WholeBatch;

/**
 * Stores and applies batches of one or several lives, and tells the feed, in one packet. Fails as a whole.
 *
 * @returns the highest receipt of each life, in the order given
 * @throws whatever PostgreSQL does not take; SyncError ALREADY_CLOSED when a document cannot be written
 */
export async function storeAtOnce(
  query: Query,
  batches: readonly LifeBatch[],
  nowMs: number,
): Promise<Mark["receipt"][]> {
  const at = new Date(nowMs);
  const [first] = batches;
  const packed =
    (batches.length === 1 ? first?.packed : undefined) ??
    packBatches(
      batches.map(({ changes, documents, terminal }) => ({ changes, entities: collapse(documents, terminal) })),
    );
  const lives = livesOf(batches);
  const marks = batches.map(({ place: { receipt, ...place } }, life) => ({ life: life + 1, ...place, ...receipt }));
  const parameters = [
    packed.rows,
    at,
    monthOf(at),
    packed.bytes,
    JSON.stringify(marks),
    packed.documents,
    packed.events,
  ];
  const [rows] = await Promise.all([
    query<StoredRow>(STORE_AT_ONCE, ...lives, ...parameters),
    appendFeed(query, batches, nowMs),
  ]);
  if (rows.length !== batches.length || rows[0]?.written !== packed.entities) throw alreadyFinal();
  const receipts = new Map(rows.map((row) => [row.life, receiptOfRow(row)]));
  return batches.map((_, life) => receipts.get(life + 1) ?? null);
}

interface StoredRow extends Pick<MarkRow, "receiptDate" | "receiptSequence"> {
  readonly life: number;
  readonly written: number;
}

/** What became of changes, behind everything else of the store: one chain value a commit. */
export async function appendFeed(
  query: Query,
  told: readonly (TerminalLife & { readonly runs: readonly Run[] })[],
  nowMs: number,
): Promise<void> {
  const entries = told.flatMap(({ runs }, life) => runs.map((run) => ({ life: life + 1, ...run })));
  if (entries.length === 0) return;
  const content = told.map(({ terminal, incarnation, runs }) => ({ terminal, incarnation, runs }));
  const digest = createHash("sha256").update(canonicalText(content)).digest("hex");
  const numbered = entries.map((entry, index) => ({ i: index + 1, ...entry }));
  await query(APPEND_FEED, ...livesOf(told), JSON.stringify(numbered), entries.length, digest, nowMs);
}

/** The lists that `life` of a row points into. */
export function livesOf(lives: readonly TerminalLife[]): [string[], string[]] {
  return [lives.map(({ terminal }) => terminal), lives.map(({ incarnation }) => incarnation)];
}

export function alreadyFinal(): SyncError {
  return new SyncError("ALREADY_CLOSED", "A document of this batch is already final at the centre.");
}
