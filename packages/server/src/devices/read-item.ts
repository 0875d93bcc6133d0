import {
  isKeptObject,
  isWellFormedJson,
  type KeptJson,
  keptText,
  LIMITS,
  localId as localIdSchema,
  NumberText,
  readInstant,
  readMinor,
  type Sha256,
  type SubmissionFlag,
  SyncError,
} from "@tillsync/protocol";
import type { Submission } from "../ingest/submit.ts";

/** One element of 004's `orders` or `transactions`, ready to be stored. */
export interface Item {
  readonly submission: Submission;
  readonly contentHash: string;
}

export interface ItemContext {
  readonly currency: string;
  /** Who sent the request; an item may name another device as its maker. */
  readonly deviceId: string;
  readonly sha256: Sha256;
  readonly nowMs: number;
}

/** 004 names; the field of `order` or `transaction` that its table keeps beside the document. */
const NAMES = {
  order: { kind: "order.submitted", total: ["total", "totalAmount"], number: ["orderNumber"] },
  transaction: { kind: "transaction.submitted", total: ["amount", "total"], number: ["referenceNumber", "reference"] },
} as const;

/**
 * Reads `{order|transaction, localId, syncVersion, deviceId, ...}`. The document itself is opaque: it is kept as it was
 * sent, and what is read from it is flagged where it could not be read, never refused.
 *
 * @param field where it stands in the request: `orders[3]`, or empty for the single doors
 * @throws SyncError INVALID_INPUT, TOO_LARGE, naming the field
 */
export function readItem(
  value: KeptJson | undefined,
  what: keyof typeof NAMES,
  field: string,
  context: ItemContext,
): Item {
  if (!isKeptObject(value)) throw refuse(field || "(root)", "an object", value);
  const path = (name: string) => (field === "" ? name : `${field}.${name}`);
  const document = value[what];
  if (!isKeptObject(document)) throw refuse(path(what), "an object", document);
  if (!isWellFormedJson(document)) throw refuse(path(what), "text without lone surrogates", "a lone surrogate");
  const { localId } = value;
  if (typeof localId !== "string" || !localIdSchema.safeParse(localId).success) {
    throw refuse(path("localId"), "1 to 64 letters, digits, dots, underscores, colons or hyphens", localId);
  }
  const made = value.deviceId ?? context.deviceId;
  const device = deviceIdOf(made, path("deviceId"));
  const version = versionOf(value.syncVersion, path("syncVersion"));
  const occurredAt = occurredAtOf(document, context.nowMs);
  const { content, contentHash } = contentOf(document, path(what), context.sha256);
  const { kind, total, number } = NAMES[what];
  const read = readFacts(document, { total, number }, context.currency);
  const payload = { device, content, contentHash, currency: context.currency, ...read };
  const businessDate = occurredAt.slice(0, 10);
  return { submission: { kind, localId, version, businessDate, occurredAt, payload }, contentHash };
}

/** The exact text to keep, and the hash by which two of them are the same. */
export function contentOf(
  document: KeptJson,
  field: string,
  sha256: Sha256,
): { readonly content: string; readonly contentHash: string } {
  const content = keptText(document);
  // Inside its change the text is escaped once more; quotes are what grows.
  if (JSON.stringify(content).length > MAX_CONTENT) {
    const expected = `at most ${MAX_CONTENT} characters as JSON`;
    throw new SyncError("TOO_LARGE", `${field}: ${expected}; got ${content.length}.`, { field, expected });
  }
  return { content, contentHash: sha256(`tillsync/content/1\n${keptText(document, "sorted")}`) };
}

/** Room for the rest of the body, and for characters of up to four bytes. */
export const MAX_CONTENT = LIMITS.maxChangeBytes / 4;

function readFacts(
  document: { readonly [name: string]: KeptJson },
  names: { readonly total: readonly string[]; readonly number: readonly string[] },
  currency: string,
) {
  const flags: SubmissionFlag[] = [];
  const total = first(document, names.total);
  const amount = total === undefined ? undefined : readMinor(textOf(total) ?? "", currency);
  if (amount === undefined) flags.push("TOTAL_UNREADABLE");
  else if (amount.rounded) flags.push("ROUNDED");
  const given = first(document, names.number);
  const number = given === undefined ? undefined : shortText(given, 64);
  if (given !== undefined && number === undefined) flags.push("NUMBER_UNREADABLE");
  return {
    totalMinor: amount?.minor,
    number,
    type: shortText(document.type, 32),
    flags: flags.length ? flags : undefined,
  };
}

function first(document: { readonly [name: string]: KeptJson }, names: readonly string[]): KeptJson | undefined {
  const name = names.find((candidate) => Object.hasOwn(document, candidate) && document[candidate] !== null);
  return name === undefined ? undefined : document[name];
}

function textOf(value: KeptJson): string | undefined {
  return value instanceof NumberText ? value.text : typeof value === "string" ? value.trim() : undefined;
}

/** Text that a column and a page can show; undefined for anything else. */
function shortText(value: KeptJson | undefined, max: number): string | undefined {
  const text = value instanceof NumberText ? value.text : value;
  const fits = typeof text === "string" && text.length > 0 && text.length <= max && !/\p{Cc}/u.test(text);
  return fits ? text : undefined;
}

/** @throws SyncError INVALID_INPUT */
export function deviceIdOf(value: KeptJson | undefined, field: string): string {
  if (typeof value === "string" && /^[^\p{Cc}\p{Cs}]{1,64}$/u.test(value)) return value;
  throw refuse(field, "a deviceId of 1 to 64 characters", value);
}

function versionOf(value: KeptJson | undefined, field: string): number {
  if (value === undefined || value === null) return 1;
  const version = value instanceof NumberText && /^\d{1,9}$/.test(value.text) ? Number(value.text) : 0;
  if (version >= 1) return version;
  throw refuse(field, "a whole number from 1 to 999999999", value);
}

/** When the device says it happened, as far as it does; otherwise when it came. */
function occurredAtOf(document: { readonly [name: string]: KeptJson }, nowMs: number): string {
  for (const name of ["createdAt", "completedAt", "timestamp", "date", "updatedAt"]) {
    const at = readInstant(document[name]);
    if (at !== undefined) return at;
  }
  return new Date(nowMs).toISOString();
}

export function refuse(field: string, expected: string, value: KeptJson | undefined): SyncError {
  const got = value === undefined ? "nothing" : describe(value);
  return new SyncError("INVALID_INPUT", `${field}: ${expected}; got ${got}.`, { field, expected, got });
}

function describe(value: KeptJson): string {
  if (value instanceof NumberText) return value.text.slice(0, 40);
  if (value === null || typeof value !== "object")
    return typeof value === "string" && value.length > 40
      ? `text of ${value.length} characters`
      : JSON.stringify(value);
  return Array.isArray(value) ? `a list of ${value.length}` : "an object";
}
