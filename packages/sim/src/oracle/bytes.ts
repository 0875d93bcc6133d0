import { hash } from "node:crypto";

/** What the chain of a life begins with. */
export const START = "0".repeat(64);

/**
 * The hash of a change as docs/protocol.md has it, written here a second time on purpose: the oracle must not believe the
 * code that it judges.
 */
export function changeHash(place: {
  terminal: string;
  incarnation: string;
  seq: number;
  prevHash: string;
  origin: string;
  body: string;
}): string {
  const lines = [
    "tillsync/change/1",
    place.terminal,
    place.incarnation,
    String(place.seq),
    place.prevHash,
    place.origin,
    place.body,
  ];
  return hash("sha256", lines.join("\n"), "hex");
}

/** As much of a body as the oracle needs; null when the bytes are no JSON object. */
export interface Said {
  readonly kind: string | null;
  readonly localId: string | null;
  readonly changeId: string | null;
  readonly currency: string | null;
  /** Of a closed order, a transaction, or a document that was sent whole. */
  readonly amountMinor: number | null;
  readonly receiptNumber: string | null;
  readonly eventIds: readonly string[];
  /** The caller's own name of an edit. */
  readonly editId: string | null;
  readonly version: number | null;
  /** Of a document that was sent whole, or taken away: the hash of its content. */
  readonly contentHash: string | null;
  readonly content: string | null;
}

const NOTHING: Said = {
  kind: null,
  localId: null,
  changeId: null,
  currency: null,
  amountMinor: null,
  receiptNumber: null,
  eventIds: [],
  editId: null,
  version: null,
  contentHash: null,
  content: null,
};

export function said(body: string): Said {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return NOTHING; // bytes that say nothing have no money in them either
  }
  const { kind, localId, changeId, version, payload } = object(value);
  const { currency, totalMinor, amountMinor, receiptNumber, events, editId, contentHash, content } = object(payload);
  const ids = Array.isArray(events) ? events.map((event) => text(object(event).id) ?? "") : [];
  return {
    kind: text(kind),
    localId: text(localId),
    changeId: text(changeId),
    currency: text(currency),
    amountMinor: WITH_TOTAL.has(kind)
      ? number(totalMinor)
      : kind === "transaction.recorded"
        ? number(amountMinor)
        : null,
    receiptNumber: text(receiptNumber),
    eventIds: kind === "order.edited" ? ids : [],
    editId: text(editId),
    version: number(version),
    contentHash: text(contentHash),
    content: text(content),
  };
}

const WITH_TOTAL: ReadonlySet<unknown> = new Set([
  "order.closed",
  "order.submitted",
  "transaction.submitted",
  "inventory.submitted",
]);

function object(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
