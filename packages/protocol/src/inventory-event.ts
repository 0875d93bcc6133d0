import { SyncError } from "./errors.ts";
import { readDecimal, subtractDecimals } from "./money.ts";
import { isKeptObject, type KeptJson, NumberText } from "./number-text.ts";

/** What a `PosTransaction` or an `InventoryUpdate` of requirement 001 says. Numbers are decimal text. */
export interface InventoryEvent {
  readonly entity: "transaction" | "inventory";
  /** 001 `Id`: text as it is, or the digits of a number. */
  readonly id: string;
  /** True for an `Id` that is a number, which is unique in one till's database only. */
  readonly numbered: boolean;
  readonly storeId?: string | undefined;
  readonly item: string;
  /** `TransactionType` or `UpdateType`. */
  readonly type: string;
  readonly quantity?: string | undefined;
  readonly unitPrice?: string | undefined;
  /** Still as it was written: its currency is not in the event. */
  readonly totalAmount?: string | undefined;
  readonly previousStock?: string | undefined;
  readonly newStock?: string | undefined;
  /** What the stock of `item` changes by; absent where the numbers do not tell. */
  readonly stockDelta?: string | undefined;
  readonly occurredAt?: string | undefined;
}

/** By what a transaction of a type changes the stock: its quantity, the opposite, or the quantity whatever its sign. */
const STOCK_OF_TYPE: Readonly<Record<string, "out" | "in" | "as written">> = {
  sale: "out",
  transferout: "out",
  waste: "out",
  damage: "out",
  damaged: "out",
  loss: "out",
  theft: "out",
  expired: "out",
  return: "in",
  refund: "in",
  purchase: "in",
  receipt: "in",
  restock: "in",
  transferin: "in",
  adjustment: "as written",
  correction: "as written",
};

/** Fields that record how far 001's own client got with sending; here the journal and the lanes know that. */
const BOOKKEEPING = ["synced", "syncattempts", "lastsyncerror", "syncedat"];

/**
 * Reads an event of requirement 001. Names are taken in any case, as its .NET client writes and reads them.
 *
 * @param field where the event stands in the request, for refusals: `events[3]`
 * @throws SyncError INVALID_INPUT naming the field
 */
export function readInventoryEvent(value: KeptJson, field: string): InventoryEvent {
  if (!isKeptObject(value)) throw refuse(field, "an object", value);
  const members = byLowerName(value, field);
  const path = (name: string) => (field === "" ? name : `${field}.${name}`);
  const text = (name: string, max: number) => textOf(members.get(name.toLowerCase()), path(name), max);
  const decimal = (name: string) => decimalOf(members.get(name.toLowerCase()), path(name));
  const isUpdate = ["updatetype", "previousstock", "newstock"].some((name) => present(members.get(name)));
  const id = members.get("id");
  const common = {
    id: idOf(id, path("id")),
    numbered: id instanceof NumberText,
    storeId: present(members.get("storeid")) ? text("storeId", 64) : undefined,
    item: text("productId", 64),
    occurredAt: instantOf(["occurredat", "timestamp", "createdat", "transactiondate"].map((name) => members.get(name))),
  };
  if (isUpdate) {
    const [previousStock, newStock] = [decimal("previousStock"), decimal("newStock")];
    const known = previousStock !== undefined && newStock !== undefined;
    const stockDelta = known ? subtractDecimals(newStock, previousStock) : undefined;
    return { entity: "inventory", ...common, type: text("updateType", 32), previousStock, newStock, stockDelta };
  }
  const type = text("transactionType", 32);
  const quantity = decimal("quantity");
  return {
    entity: "transaction",
    ...common,
    type,
    quantity,
    unitPrice: decimal("unitPrice"),
    totalAmount: amountOf(members.get("totalamount"), path("totalAmount")),
    stockDelta: quantity === undefined ? undefined : deltaOf(type, quantity),
  };
}

/** The event without the bookkeeping of its sender: what makes two sendings the same. */
export function withoutBookkeeping(value: KeptJson): KeptJson {
  if (!isKeptObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !BOOKKEEPING.includes(name.toLowerCase())));
}

function byLowerName(value: { readonly [name: string]: KeptJson }, field: string): Map<string, KeptJson> {
  const members = new Map<string, KeptJson>();
  for (const [name, member] of Object.entries(value)) {
    const lower = name.toLowerCase();
    if (BOOKKEEPING.includes(lower)) continue;
    if (members.has(lower)) throw refuse(`${field}.${name}`, "one field of this name, in whatever case", member);
    members.set(lower, member);
  }
  return members;
}

function deltaOf(type: string, quantity: string): string | undefined {
  const way = STOCK_OF_TYPE[type.toLowerCase().replace(/[^a-z]/g, "")];
  if (way === undefined) return undefined;
  return way === "out" ? subtractDecimals("0", quantity) : quantity;
}

const present = (value: KeptJson | undefined): boolean => value !== undefined && value !== null;

function idOf(value: KeptJson | undefined, field: string): string {
  const id = value instanceof NumberText ? value.text : value;
  if (typeof id === "string" && /^[A-Za-z0-9._:-]{1,48}$/.test(id)) return id;
  throw refuse(field, "an id of 1 to 48 letters, digits, dots, underscores, colons or hyphens", value);
}

function textOf(value: KeptJson | undefined, field: string, max: number): string {
  const text = value instanceof NumberText ? value.text : value;
  const fits = typeof text === "string" && text.length > 0 && text.length <= max && !/\p{Cc}|\p{Cs}/u.test(text);
  if (fits) return text;
  throw refuse(field, `text of 1 to ${max} characters`, value);
}

function decimalOf(value: KeptJson | undefined, field: string): string | undefined {
  if (!present(value)) return undefined;
  const decimal = readDecimal(amountOf(value, field) ?? "");
  if (decimal === undefined) throw refuse(field, "a number below 10^15", value);
  return decimal;
}

function amountOf(value: KeptJson | undefined, field: string): string | undefined {
  if (!present(value)) return undefined;
  const text = value instanceof NumberText ? value.text : value;
  if (typeof text === "string" && text.length <= 64) return text;
  throw refuse(field, "a number", value);
}

/** The first of these that is a moment: milliseconds since 1970 or an ISO 8601 text. */
function instantOf(candidates: readonly (KeptJson | undefined)[]): string | undefined {
  for (const candidate of candidates) {
    const at = readInstant(candidate);
    if (at !== undefined) return at;
  }
  return undefined;
}

/** A moment as other systems write it, as `instant` has it; undefined when it is none. */
export function readInstant(value: KeptJson | undefined): string | undefined {
  let atMs = Number.NaN;
  if (value instanceof NumberText) atMs = Number(value.text);
  else if (typeof value === "string" && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(value) && value.length <= 40)
    atMs = Date.parse(/(Z|[+-]\d{2}:?\d{2})$/i.test(value) ? value : `${value}Z`);
  // Years that both ISO 8601 with four digits and PostgreSQL have.
  const fits = atMs >= Date.UTC(1970, 0, 1) && atMs < Date.UTC(10_000, 0, 1);
  return fits ? new Date(Math.trunc(atMs)).toISOString() : undefined;
}

function refuse(field: string, expected: string, value: KeptJson | undefined): SyncError {
  const got = value === undefined ? "nothing" : value instanceof NumberText ? "a number" : describe(value);
  return new SyncError("INVALID_INPUT", `${field}: ${expected}; got ${got}.`, { field, expected, got });
}

function describe(value: KeptJson): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return `text of ${value.length} characters`;
  return Array.isArray(value) ? `a list of ${value.length}` : "an object";
}
