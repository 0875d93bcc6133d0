import type { Outcome, Submission, submit } from "@tillsync/server/ingest";
import { documentKey, headKey, type StoreTables } from "../centre/tables.ts";

/** The ingest of whole documents of the product, or a broken one. */
export type Submit = typeof submit;

/** The document that stands at the centre, as 004's `conflicts[]` shows it. */
export interface ServerVersion {
  readonly version: number;
  /** Null: it was deleted, or it is an order of our own tills. */
  readonly submission: Submission | null;
}

export type HeardOutcome = Pick<Outcome, "effect" | "code" | "duplicate"> & { readonly server: ServerVersion | null };

/** Positional, as 004's `syncedOrders`. */
export interface SubmitAnswer {
  readonly outcomes: readonly HeardOutcome[];
}

/** What goes back to a device: each verdict, and with a conflict the version that stands. */
export function submitAnswer(
  tables: StoreTables,
  submissions: readonly Submission[],
  outcomes: readonly Outcome[],
): SubmitAnswer {
  return {
    outcomes: outcomes.map(({ effect, code, duplicate }, index) => {
      const submission = submissions[index];
      const server = effect === "conflict" && submission ? serverVersion(tables, submission) : null;
      return { effect, code, duplicate, server };
    }),
  };
}

function serverVersion(tables: StoreTables, { kind, localId }: Submission): ServerVersion | null {
  const entity = kind.slice(0, kind.indexOf("."));
  const document = tables.documents.get(documentKey(entity, localId));
  if (document === undefined) return null;
  const { version, state, contentHash, terminal, incarnation, seq } = document;
  const head = tables.heads.get(headKey(terminal, incarnation, seq));
  if (head === undefined || contentHash === null || state === "deleted") return { version, submission: null };
  const { changeId: _changeId, ...submission } = JSON.parse(head.body) as Submission & { changeId: string };
  return { version, submission };
}

/** Only a whole answer counts; anything else may be a proxy's, and what was sent is sent again. */
export function readSubmitAnswer(status: number, text: string, count: number): SubmitAnswer | undefined {
  if (status !== 200) return undefined;
  try {
    const { outcomes } = JSON.parse(text) as Partial<SubmitAnswer>;
    return Array.isArray(outcomes) && outcomes.length === count ? { outcomes } : undefined;
  } catch {
    return undefined; // cut on the way, or a page for people
  }
}
