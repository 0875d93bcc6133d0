export { type Send, sendByHttp, type WireCall } from "../client/http.ts";
export { askKraCodes } from "./client/code-list.ts";
export { etimsDestination } from "./client/destination.ts";
export { type FiscalReceipt, fiscalReceipt, type ReceiptGiven } from "./client/fiscal-receipt.ts";
export { type Initialised, initialise } from "./client/initialisation.ts";
export { type EtimsItem, saleBody } from "./client/item.ts";
export {
  afterLookUp,
  afterOutcome,
  type Binding,
  bind,
  gapsIn,
  type Numbered,
  type Numbers,
  numbersAfter,
  renumberByPerson,
  type Step,
} from "./client/numbering.ts";
export { invoiceFound, NUMBER_TAKEN, registrationOutcome, saleOutcome } from "./client/outcomes.ts";
export type { EtimsMode, EtimsOperation } from "./client/paths.ts";
export {
  expectedSequenceIn,
  itemBody,
  itemCode,
  movedBy,
  REGISTRATION_ORDER,
  STOCK_MOVES,
  type StockLine,
  type StockMove,
  stockBody,
  stockMoveBody,
  type Writer,
} from "./client/registration.ts";
export { RESULT_CLASSES, type ResultClass } from "./client/result-classes.ts";
export { type DeviceKeys, readDeviceKeys, type SecretStore } from "./client/secrets.ts";
export { type EtimsClientSettings, readEtimsSettings } from "./client/settings.ts";
export { type Signature, signatureIn } from "./client/signature.ts";
export { ControlUnit, type UnitPorts } from "./client/unit.ts";
export type { ItemClass } from "./invoice/item-class.ts";
export { CODE_CLASSES, type KraCodes, readKraCodes, TAX_TYPES, type TaxType } from "./invoice/kra-codes.ts";
export { PAYMENT_TYPES } from "./invoice/payment.ts";
export { type InvoiceGiven, type Original, type SaleRequest, saleRequest } from "./invoice/sale-request.ts";
export type { LineBody, SaleBody } from "./invoice/written.ts";
