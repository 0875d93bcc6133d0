import { SyncError } from "@tillsync/protocol";
import { identityOfBody, type Reading } from "./interpret.ts";
import { type Packed, packBatch } from "./packed.ts";
import type { Placed } from "./place.ts";
import type { DocumentRow, Mark, StoredChange } from "./ports.ts";
import { receiptOf } from "./receipt-of.ts";

/** What a request becomes when all of it is new and nothing stands in its way: made before the terminal is locked. */
export interface PreparedBatch {
  readonly changes: readonly StoredChange[];
  readonly documents: readonly DocumentRow[];
  readonly receipt: Mark["receipt"];
  readonly packed: Packed;
}

/** Undefined when any of it has to be judged: damaged, sent again, unreadable, one id twice, or one after its end. */
export function prepareWhole(
  links: readonly Placed[],
  readings: readonly Reading[],
  terminal: string,
): PreparedBatch | undefined {
  const changes: StoredChange[] = [];
  const documents: DocumentRow[] = [];
  const changeIds = new Set<string>();
  for (const [index, { seq, wire }] of links.entries()) {
    const reading = readings[index];
    if (reading?.ok !== true || wire.damaged === true || wire.origin !== undefined) return undefined;
    const identity = identityOfBody(reading.body);
    changeIds.add(identity.changeId ?? "");
    documents.push(reading.document);
    const { hash, body, private: secret = null } = wire;
    changes.push({ seq, hash, body, private: secret, origin: null, ...identity, ...APPLIED });
  }
  if (changes.length === 0 || changeIds.size !== changes.length) return undefined;
  try {
    return { changes, documents, receipt: receiptOf(readings), packed: packBatch(changes, documents, terminal) };
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}

const APPLIED = { damaged: false, repeat: false, effect: "applied", code: null, message: null } as const;
