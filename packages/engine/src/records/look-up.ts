import { instant, type ModuleName, parseField, type RowOf, type Scope } from "@tillsync/protocol";
import { foldName, nameKey, wordQuery } from "../modules/keys.ts";
import { Layers } from "../modules/layers.ts";
import type { ModulesSummary } from "../modules/status.ts";
import type { Ports, Sql } from "../ports.ts";
import { type CustomerRecord, customerRecord, type Fields, pendingIds } from "./edits.ts";
import { isSamePhone, phoneWord } from "./phone.ts";

/** A customer as people at this till see it. */
export interface CustomerView extends CustomerRecord {
  readonly id: string;
  readonly fields: NonNullable<CustomerRecord["fields"]>;
}

/** By exactly one of the first three. */
export interface CustomerQuestion {
  /** However it is written: the last nine digits decide. */
  readonly phone?: string | undefined;
  /** The beginning of a name; case and accents do not matter. */
  readonly prefix?: string | undefined;
  /** Words that the name has, all of them, in any order. */
  readonly word?: string | undefined;
  /** Customers at most; default 20. */
  readonly limit?: number | undefined;
}

export interface OfferQuestion {
  /** Offers for this item: those that name it, and those for all. */
  readonly itemId?: string | undefined;
  /** Offers for this customer, by id or group. Left out: only those for everybody. */
  readonly customerId?: string | undefined;
  /** The moment, ISO 8601; now when left out. */
  readonly at?: string | undefined;
}

/** A row as it counts in this store. */
export interface RowView<M extends ModuleName> {
  readonly scope: Scope;
  readonly row: RowOf<M>;
}

/** Look-up of what was pulled besides items. It writes nothing and asks nobody. */
export interface LookUp {
  /** Undefined for one that is not known here, or was deleted. */
  customer(id: string): CustomerView | undefined;
  /** Those whose edits of this till are still on their way come first. */
  customers(question: CustomerQuestion): readonly CustomerView[];
  /** Offers that hold at that moment. @throws SyncError INVALID_INPUT */
  offers(question?: OfferQuestion): readonly RowView<"offers">[];
  user(id: string): RowView<"users"> | undefined;
  users(): readonly RowView<"users">[];
  setting(id: string): RowView<"settings"> | undefined;
  settings(): readonly RowView<"settings">[];
}

export const MAX_CUSTOMERS = 200;
/** Rows of a module that is looked at as a whole. A shop has some dozens of each. */
export const MAX_LISTED = 5_000;

type Read = Pick<Sql, "get" | "all">;
/** When head office was last asked for news. */
type Asked = { readonly summary: Pick<ModulesSummary, "lastAskedAt"> };

export function lookUpIn(
  { store: { read }, clock }: Pick<Ports, "store" | "clock">,
  asked: Asked,
  assertRunning: () => void,
): LookUp {
  const running = (): Read => {
    assertRunning();
    return read;
  };
  const customer = (id: string) => customerView(running(), id, asked.summary.lastAskedAt);
  return {
    customer,
    customers: (question) => customersOf(running(), question, { customer, nowMs: clock.wallMs() }),
    offers: (question = {}) => offersAt(running(), question, clock.wallMs(), customer),
    user: (id) => new Layers(running(), "users").byId(id),
    users: () => listed(running(), "users"),
    setting: (id) => new Layers(running(), "settings").byId(id),
    settings: () => listed(running(), "settings"),
  };
}

export function customerView(read: Read, id: string, askedAt: string | null): CustomerView | undefined {
  const { fields, ...record } = customerRecord(read, id, askedAt);
  return fields === undefined ? undefined : { id, fields, ...record };
}

/** The index knows head office's copy; what this till wrote itself and is not in it yet is looked through one by one. */
function customersOf(
  read: Read,
  question: CustomerQuestion,
  { customer, nowMs }: { readonly customer: LookUp["customer"]; readonly nowMs: number },
): CustomerView[] {
  const { limit = 20 } = question;
  const found = [...new Set([...pendingIds(read, nowMs), ...indexed(read, question, limit)])];
  const views = found.flatMap((id) => customer(id) ?? []).filter(({ fields }) => isMeant(fields, question));
  return views.slice(0, limit);
}

function indexed(read: Read, { phone, prefix, word = "" }: CustomerQuestion, limit: number): string[] {
  const customers = new Layers(read, "customers");
  if (prefix !== undefined) {
    const key = nameKey(prefix);
    return customers.byPrefix(key, limit, (row) => nameKey(row.name).startsWith(key)).map(({ row }) => row.id);
  }
  const query = wordQuery(phone === undefined ? word : phoneWord(phone));
  return query === undefined ? [] : customers.byWords(query, limit).map(({ row }) => row.id);
}

function isMeant(fields: Fields, { phone, prefix, word = "" }: CustomerQuestion): boolean {
  if (phone !== undefined) return isSamePhone(phone, String(fields.phone ?? ""));
  const name = foldName(String(fields.name ?? ""));
  if (prefix !== undefined) return name.startsWith(foldName(prefix));
  const words = new Set(wordsOf(name));
  const wanted = wordsOf(foldName(word));
  return wanted.length > 0 && wanted.every((each) => words.has(each));
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}\p{N}\p{M}\p{Co}]+/gu) ?? [];
}

function offersAt(
  read: Read,
  { itemId, customerId, at }: OfferQuestion,
  nowMs: number,
  customer: (id: string) => CustomerView | undefined,
): RowView<"offers">[] {
  const atMs = at === undefined ? nowMs : Date.parse(parseField("at", instant, at));
  const group = customerId === undefined ? undefined : customer(customerId)?.fields.customerGroup;
  return listed(read, "offers").filter(({ row }) => {
    const { customerGroup, customerIds, effectiveFrom, effectiveTo, itemIds } = row;
    if (Date.parse(effectiveFrom) > atMs) return false;
    if (effectiveTo !== undefined && Date.parse(effectiveTo) <= atMs) return false;
    if (itemId !== undefined && itemIds !== undefined && !itemIds.includes(itemId)) return false;
    if (customerIds !== undefined && !(customerId !== undefined && customerIds.includes(customerId))) return false;
    return customerGroup === undefined || customerGroup === group;
  });
}

/** All rows of a module as they count in this store, by id. */
function listed<M extends ModuleName>(read: Read, module: M): RowView<M>[] {
  const ids = read.all<{ id: string }>(
    `SELECT DISTINCT r.id FROM module_copy AS c JOIN module_row AS r ON r.generation IN (c.base, c.overlay)
     WHERE c.module = ? AND r.row IS NOT NULL ORDER BY r.id LIMIT ?`,
    module,
    MAX_LISTED,
  );
  const layers = new Layers(read, module);
  return ids.flatMap(({ id }) => layers.byId(id) ?? []);
}
