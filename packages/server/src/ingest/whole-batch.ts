import { SyncError } from "@tillsync/protocol";
import { isDecision } from "./decisions.ts";
import { collapse, identityOfBody, type Reading } from "./interpret.ts";
import { type LifeBatch, type Packed, packBatches } from "./packed.ts";
import type { Placed } from "./place.ts";
import type { DocumentRow, Mark, StoredChange } from "./ports.ts";
import { receiptOf } from "./receipt-of.ts";

/**
 * Changes of a batch that may share a transaction with others. A larger one would make them wait, has little to gain, and
 * is packed before its till is locked, so that a second of two in flight is ready when the first commits.
 */
export const MAX_JOINT_CHANGES = 100;

/** What a request becomes when all of it is new and nothing stands in its way: made before the terminal is locked. */
export interface PreparedBatch extends LifeBatch {
  readonly receipt: Mark["receipt"];
  /** Of a large batch; small ones are packed together with those that they share a transaction with. */
  readonly packed: Packed | undefined;
}

/** Undefined when any of it has to be judged: damaged, sent again, unreadable, one id twice, one after its end, a decision. */
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
    if (isDecision(reading.body)) return undefined;
    const identity = identityOfBody(reading.body);
    changeIds.add(identity.changeId ?? "");
    documents.push(reading.document);
    const { hash, body, private: secret = null } = wire;
    changes.push({ seq, hash, body, private: secret, origin: null, ...identity, ...APPLIED });
  }
  if (changes.length === 0 || changeIds.size !== changes.length) return undefined;
  try {
    const batch = { changes, entities: collapse(documents, terminal) };
    const packed = changes.length > MAX_JOINT_CHANGES ? packBatches([batch]) : undefined;
    return { ...batch, receipt: receiptOf(readings), packed };
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}

const APPLIED = { damaged: false, repeat: false, effect: "applied", code: null, message: null } as const;
