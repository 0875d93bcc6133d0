import type { Recorded, Terminal } from "@tillsync/engine";
import {
  type InventoryEvent,
  isKeptObject,
  type KeptJson,
  lineAmountMinor,
  readInventoryEvent,
  readMinor,
  SyncError,
} from "@tillsync/protocol";

/** True for what carries the fields of requirement 001: they have a `productId`, ours have a `localId`. */
export function isInventoryEvent(sent: KeptJson): boolean {
  if (!isKeptObject(sent)) return false;
  const names = Object.keys(sent).map((name) => name.toLowerCase());
  return !names.includes("localid") && (names.includes("productid") || names.includes("id"));
}

/**
 * Records a `PosTransaction` or an `InventoryUpdate` of requirement 001. An `Id` that is a number counts in the POS's own
 * database only, so the till's short id is put before it.
 *
 * @throws SyncError INVALID_INPUT naming the field; what the engine refuses
 */
export function recordEvent(
  terminal: Terminal,
  sent: KeptJson,
  field: string,
  entity: InventoryEvent["entity"],
): Recorded {
  const event = readInventoryEvent(sent, field);
  const { shortId, currency } = terminal.status();
  const path = (name: string) => (field === "" ? name : `${field}.${name}`);
  if (event.entity !== entity) {
    const expected = entity === "transaction" ? "transactionType" : "updateType, previousStock and newStock";
    throw refuse(path(expected.split(/,| /, 1)[0] ?? ""), `an ${entity} record with ${expected}`);
  }
  const localId = event.numbered ? `${shortId}:${event.id}` : event.id;
  const { item, type, quantity, unitPrice, stockDelta, previousStock, newStock, occurredAt } = event;
  if (entity === "inventory") {
    if (stockDelta === undefined) throw refuse(path("newStock"), "previousStock and newStock, which give the delta");
    return terminal.recordInventory({ localId, item, type, delta: stockDelta, previousStock, newStock, occurredAt });
  }
  const amountMinor = amountOf(event, currency, path("totalAmount"));
  const facts = { item, type, quantity, unitPrice, stockDelta, occurredAt };
  return terminal.recordTransaction({ localId, amountMinor, ...facts });
}

function amountOf({ totalAmount, quantity, unitPrice }: InventoryEvent, currency: string, field: string): number {
  if (totalAmount !== undefined) {
    const amount = readMinor(totalAmount, currency);
    if (amount === undefined) throw refuse(field, "an amount that can be counted exactly");
    return amount.minor;
  }
  if (quantity === undefined || unitPrice === undefined) throw refuse(field, "totalAmount, or quantity and unitPrice");
  return lineAmountMinor(quantity, unitPrice, currency);
}

function refuse(field: string, expected: string): SyncError {
  return new SyncError("INVALID_INPUT", `${field}: needs ${expected}.`, { field, expected });
}
