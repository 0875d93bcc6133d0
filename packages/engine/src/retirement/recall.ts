import { LIMITS, type Missing, SyncError } from "@tillsync/protocol";
import { type Journal, type JournalRow, type Life, ordinalOf, seqOf } from "../journal.ts";
import type { RowsToRepair } from "../verbs.ts";

export interface RecallDesk {
  readonly journal: Journal;
  readonly lives: () => readonly Life[];
  readonly ask: (rows: RowsToRepair) => void;
  /** Sends what there is to send, and hears the centre. */
  readonly flush: () => Promise<unknown>;
}

/** Exchanges that may bring back what one document had; a page has room for a hundred changes. */
const TRIES = 4;

/**
 * Has the bytes of a document's retired changes brought back from the centre. They are taken only where they give the
 * hashes that stayed, and go again with a later pass.
 *
 * @throws SyncError BODY_RETIRED when the centre could not be asked, or does not have them
 */
export async function recall(desk: RecallDesk, localId: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const lacks = retiredRows(desk.journal, localId).map((row) => placeOf(desk.lives(), row));
    if (lacks.length === 0) return;
    if (tries === TRIES) throw retired(localId);
    desk.ask({ lacks: lacks.slice(0, LIMITS.maxRepairs), sends: [] });
    await desk.flush().catch(() => {});
  }
}

function retiredRows(journal: Journal, localId: string): JournalRow[] {
  return journal.ofEntity(localId).filter((row) => row.retired !== null);
}

function placeOf(lives: readonly Life[], { position }: JournalRow): Missing {
  const incarnation = lives.find(({ ordinal }) => ordinal === ordinalOf(position))?.incarnation ?? "";
  return { incarnation, seq: seqOf(position) };
}

export function retired(localId: string): SyncError {
  const message = `The content of ${localId} is no longer on this till, because it is old and head office has it safe: it is fetched when head office can be reached, so try again then.`;
  return new SyncError("BODY_RETIRED", message, { localId });
}
