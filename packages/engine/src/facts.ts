import { localId as localIdSchema, type PayloadOf, parseField } from "@tillsync/protocol";
import type { Recording } from "./recording.ts";
import type { InventoryDraft, Recorded, TransactionDraft } from "./verbs.ts";

/** Records money or stock moved outside an order. @throws SyncError INVALID_INPUT, SHIFT_NOT_OPEN, LOCAL_ID_TAKEN */
export function recordTransaction(recording: Recording, draft: TransactionDraft): Recorded {
  const { localId, occurredAt, private: fields, ...rest } = draft;
  const payload = { ...rest, currency: draft.currency ?? recording.desk.currency } as PayloadOf<"transaction.recorded">;
  const known = recording.repeated(entity(recording, localId), "transaction.recorded", () => payload);
  if (known) return known;
  const shift = recording.shift();
  return recording.append(
    {
      kind: "transaction.recorded",
      localId,
      version: 1,
      shiftId: shift.localId,
      businessDate: shift.businessDate,
      occurredAt: recording.now(occurredAt),
      payload,
      private: fields,
    },
    { totalMinor: payload.amountMinor },
  );
}

/** Records a stock movement, in a shift or outside one. @throws SyncError INVALID_INPUT, LOCAL_ID_TAKEN */
export function recordInventory(recording: Recording, draft: InventoryDraft): Recorded {
  const { localId, occurredAt, ...payload } = draft;
  const known = recording.repeated(entity(recording, localId), "inventory.updated", () => payload);
  if (known) return known;
  const { shift } = recording.present;
  const at = recording.now(occurredAt);
  return recording.append({
    kind: "inventory.updated",
    localId,
    version: 1,
    shiftId: shift?.localId,
    businessDate: shift?.businessDate ?? recording.desk.dayOf(at),
    occurredAt: at,
    payload: payload as PayloadOf<"inventory.updated">,
  });
}

function entity(recording: Recording, localId: string) {
  return recording.desk.journal.ofEntity(parseField("localId", localIdSchema, localId));
}
