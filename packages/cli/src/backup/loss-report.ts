import { readOnly, type TillContents } from "@tillsync/engine/sqlite";
import { SyncError } from "@tillsync/protocol";
import type { LedgerPage, Overview } from "@tillsync/server";
import { askJson, type Door } from "../http-door.ts";
import { isBefore, type ReceiptPlace } from "../verify/receipt-gaps.ts";

/** One life of the till: what the backup has of it, what the centre has, and what is known to be nowhere. */
export interface LifeLoss {
  readonly incarnation: string;
  readonly ordinal: number;
  /** Last change in the backup; 0 for a life that began after it. */
  readonly inBackup: number;
  /** Last change at the centre. */
  readonly atCentre: number;
  /** What the till last said that it had recorded. */
  readonly said: number;
  /** In the backup and not at the centre: the till sends them again. */
  readonly toSend: number;
  /** At the centre and not in the backup. */
  readonly onlyAtCentre: number;
  /** Recorded, as the till said, and nowhere any more. */
  readonly lost: { readonly fromSeq: number; readonly toSeq: number; readonly count: number } | null;
  /** When the centre heard of this life for the last time: what was recorded behind that nobody can know of. */
  readonly lastHeardAt: string | null;
  /** The highest receipt of its last day that the centre or the backup has; higher ones were printed if customers show them. */
  readonly lastReceipt: ReceiptPlace | null;
}

export interface LossReport {
  readonly terminal: string;
  readonly shortId: string;
  readonly backupTakenAt: string;
  readonly lives: readonly LifeLoss[];
  /** Changes that are known to be lost. */
  readonly lost: number;
}

/** Asks the centre what it has of each life, and names what is neither there nor in the backup. */
export async function lossReport(
  centre: Door,
  contents: Pick<TillContents, "terminal" | "shortId" | "lives">,
  { takenAt, receipts }: { readonly takenAt: string; readonly receipts: ReadonlyMap<string, ReceiptPlace> },
): Promise<LossReport> {
  const overview = await askJson<Overview>(centre, "GET", "/api/admin/overview").catch((error: unknown) => {
    // A till's own key reads its ledger, and no overview.
    if (error instanceof SyncError && error.code === "FORBIDDEN") return undefined;
    throw error;
  });
  const known = overview?.terminals.find(({ terminal }) => terminal === contents.terminal)?.lives ?? [];
  const ids = new Set([
    ...contents.lives.map(({ incarnation }) => incarnation),
    ...known.map(({ incarnation }) => incarnation),
  ]);
  const lives: LifeLoss[] = [];
  for (const incarnation of ids) {
    const mine = contents.lives.find((life) => life.incarnation === incarnation);
    const theirs = known.find((life) => life.incarnation === incarnation);
    const page = await ledgerOf(centre, contents.terminal, incarnation);
    const inBackup = mine?.headSeq ?? 0;
    const atCentre = page?.durableThrough ?? 0;
    const said = Math.max(theirs?.headSeq ?? 0, atCentre, inBackup);
    const held = Math.max(inBackup, atCentre);
    lives.push({
      incarnation,
      ordinal: theirs?.ordinal ?? mine?.ordinal ?? 0,
      inBackup,
      atCentre,
      said,
      toSend: Math.max(0, inBackup - atCentre),
      onlyAtCentre: Math.max(0, atCentre - inBackup),
      lost: said > held ? { fromSeq: held + 1, toSeq: said, count: said - held } : null,
      lastHeardAt: theirs?.lastSeenAt ?? null,
      lastReceipt: await lastReceiptOf(centre, contents.terminal, incarnation, {
        atCentre,
        inBackup: receipts.get(incarnation) ?? null,
      }),
    });
  }
  lives.sort((one, other) => one.ordinal - other.ordinal);
  const lost = lives.reduce((sum, life) => sum + (life.lost?.count ?? 0), 0);
  return { terminal: contents.terminal, shortId: contents.shortId, backupTakenAt: takenAt, lives, lost };
}

async function ledgerOf(centre: Door, terminal: string, incarnation: string): Promise<LedgerPage | undefined> {
  try {
    const path = `/api/admin/terminals/${terminal}/ledger?incarnation=${incarnation}&limit=1`;
    return await askJson<LedgerPage>(centre, "GET", path);
  } catch (error) {
    if (error instanceof SyncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** The last rows of a life are enough: sequences of a day rise with it. */
const LAST_ROWS = 200;

async function lastReceiptOf(
  centre: Door,
  terminal: string,
  incarnation: string,
  { atCentre, inBackup }: { readonly atCentre: number; readonly inBackup: ReceiptPlace | null },
): Promise<ReceiptPlace | null> {
  if (atCentre === 0) return inBackup;
  const fromSeq = Math.max(1, atCentre - LAST_ROWS + 1);
  const path = `/api/admin/terminals/${terminal}/ledger?incarnation=${incarnation}&fromSeq=${fromSeq}&limit=${LAST_ROWS}`;
  const { changes } = await askJson<LedgerPage>(centre, "GET", path);
  const numbers = changes.map(({ document }) => /-(\d{4})(\d\d)(\d\d)-(\d+)$/.exec(document?.receiptNumber ?? ""));
  const places = numbers.flatMap((found) =>
    found === null ? [] : [{ businessDate: `${found[1]}-${found[2]}-${found[3]}`, sequence: Number(found[4]) }],
  );
  return [...places, ...(inBackup === null ? [] : [inBackup])].reduce<ReceiptPlace | null>(
    (last, place) => (last === null || isBefore(last, place) ? place : last),
    null,
  );
}

/** The highest receipt of each life in a till's database. */
export function lastReceipts(file: string): Map<string, ReceiptPlace> {
  const db = readOnly(file);
  try {
    const rows = db.all<ReceiptPlace & { incarnation: string }>(
      `SELECT life.incarnation, journal.business_date AS businessDate, max(receipt_sequence) AS sequence
       FROM journal JOIN life ON life.ordinal = journal.position / 1099511627776
       WHERE receipt_sequence IS NOT NULL GROUP BY life.ordinal, journal.business_date ORDER BY journal.business_date`,
    );
    return new Map(rows.map(({ incarnation, businessDate, sequence }) => [incarnation, { businessDate, sequence }]));
  } finally {
    db.close();
  }
}
