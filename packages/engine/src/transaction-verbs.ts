import { recordCash } from "./cash.ts";
import { discardParked, retryParked } from "./exceptions.ts";
import { recordInventory, recordTransaction } from "./facts.ts";
import { closeOrder, editOrder, endOrder, payOrder } from "./orders.ts";
import type { Recording } from "./recording.ts";
import { customerOf, editCustomer } from "./records/customers.ts";
import { closeShift, openShift } from "./shifts.ts";
import type { TerminalTransaction } from "./verbs.ts";

/** The verbs inside one transaction. */
export function verbsOf(recording: Recording, makeId: () => string): TerminalTransaction {
  return {
    sql: recording.tx,
    closeOrder: (draft) => closeOrder(recording, draft),
    editOrder: (edit) => editOrder(recording, edit),
    payOrder: (payment) => payOrder(recording, payment),
    voidOrder: (end) => endOrder(recording, "order.voided", end),
    deleteOrder: (end) => endOrder(recording, "order.deleted", end),
    recordTransaction: (draft) => recordTransaction(recording, draft),
    recordInventory: (draft) => recordInventory(recording, draft),
    editCustomer: (draft) => editCustomer(recording, draft),
    customer: (id) => customerOf(recording, id),
    recordCash: (move) => recordCash(recording, move),
    openShift: (opening) => openShift(recording, opening, makeId),
    closeShift: (closing) => closeShift(recording, closing),
    retryParked: (parked) => retryParked(recording, parked),
    discardParked: (parked) => discardParked(recording, parked),
  };
}
