/** Texts of a document by field and element, for those that are written and read in the same way. */
export type Fields = readonly (readonly [field: string, element: string])[];

export const ORDER_FIELDS: Fields = [
  ["orderNumber", "tillsync:OrderNumber"],
  ["reference", "tillsync:Reference"],
  ["reason", "tillsync:Reason"],
];

export const TRANSACTION_FIELDS: Fields = [
  ["type", "tillsync:Type"],
  ["item", "tillsync:Item"],
  ["quantity", "tillsync:Quantity"],
  ["unitPrice", "tillsync:UnitPrice"],
  ["stockDelta", "tillsync:StockDelta"],
  ["tender", "tillsync:Tender"],
  ["orderLocalId", "tillsync:OrderLocalID"],
  ["customerId", "tillsync:CustomerID"],
  ["reference", "tillsync:Reference"],
  ["reason", "tillsync:Reason"],
];

export const INVENTORY_FIELDS: Fields = [
  ["type", "tillsync:Type"],
  ["item", "tillsync:Item"],
  ["delta", "tillsync:Delta"],
  ["previousStock", "tillsync:PreviousStock"],
  ["newStock", "tillsync:NewStock"],
  ["reference", "tillsync:Reference"],
  ["reason", "tillsync:Reason"],
];

/** Ours by POSLog's name of a tender; a type without one is `tillsync:Other` and says its own name. */
export const TENDERS: Readonly<Record<string, string>> = {
  Cash: "cash",
  CreditDebit: "card",
  Check: "check",
  Voucher: "voucher",
};
export const OTHER_TENDER = "tillsync:Other";

/** A list that is there and empty, which XML could not tell from one that is not there. */
export const NONE = "none";

/** The transaction's element that says what it is, by kind of document. */
export const KIND_ELEMENTS = {
  order: "RetailTransaction",
  transaction: "TenderControlTransaction",
  inventory: "InventoryControlTransaction",
  "shift.opened": "ControlTransaction",
  "shift.closed": "ControlTransaction",
} as const;
