import { exceptionId, SyncError } from "@tillsync/protocol";
import { positionOf } from "./journal.ts";
import type { Recording } from "./recording.ts";
import type { ParkedChange, Recorded } from "./verbs.ts";

/**
 * Has the centre try a parked change again: for when what was wrong with it has been put right there. The decision is a
 * change itself, so it is not lost with the link. Asked for again before the centre has heard of it, nothing is written.
 *
 * @throws SyncError NOT_PARKED
 */
export function retryParked(recording: Recording, parked: ParkedChange & { operator?: string | undefined }): Recorded {
  const { incarnation, seq, operator } = parked;
  const rows = decisions(recording, parked);
  const last = rows.at(-1);
  if (last?.kind === "exception.retried" && !recording.desk.isDurable(last.position))
    return recording.duplicateOf(last);
  if (last?.kind === "exception.discarded") throw notParked(parked, "it was given up already");
  assertParked(recording, parked);
  const payload = { incarnation, seq, ...(operator === undefined ? {} : { operator }) };
  return recording.append({ kind: "exception.retried", ...envelopeOf(recording, parked, rows.length + 1), payload });
}

/**
 * Gives a parked change up: it stays in the journal and at the centre, and is never applied; what waits behind it goes
 * on. The same again is answered as before.
 *
 * @throws SyncError NOT_PARKED, LOCAL_ID_TAKEN when it was given up with other words
 */
export function discardParked(
  recording: Recording,
  parked: ParkedChange & { operator: string; reason: string },
): Recorded {
  const { incarnation, seq, operator, reason } = parked;
  const payload = { incarnation, seq, operator, reason };
  const rows = decisions(recording, parked);
  if (rows.at(-1)?.kind === "exception.discarded") {
    const known = recording.repeated(rows, "exception.discarded", () => payload);
    if (known) return known;
  }
  assertParked(recording, parked);
  return recording.append({ kind: "exception.discarded", ...envelopeOf(recording, parked, rows.length + 1), payload });
}

function decisions(recording: Recording, parked: ParkedChange) {
  return recording.desk.journal.ofEntity(exceptionId(parked));
}

function envelopeOf(recording: Recording, parked: ParkedChange, version: number) {
  const { shift } = recording.present;
  const occurredAt = recording.now(undefined);
  const businessDate = shift?.businessDate ?? recording.desk.dayOf(occurredAt);
  return { localId: exceptionId(parked), version, shiftId: shift?.localId, businessDate, occurredAt };
}

function assertParked(recording: Recording, parked: ParkedChange): void {
  const ordinal = recording.desk.ordinalOf(parked.incarnation);
  const effect = ordinal === undefined ? undefined : recording.effectAt(positionOf(ordinal, parked.seq));
  if (effect === "parked") return;
  if (effect === "waiting")
    throw notParked(parked, "it waits for an earlier change of its document; decide about that one");
  throw notParked(
    parked,
    effect === undefined ? "head office has applied it, or does not have it yet" : `it is a ${effect}`,
  );
}

function notParked({ incarnation, seq }: ParkedChange, why: string): SyncError {
  const message = `Change ${seq} is not parked at head office: ${why}.`;
  return new SyncError("NOT_PARKED", message, { field: "id", got: exceptionId({ incarnation, seq }) });
}
