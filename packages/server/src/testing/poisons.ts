import type { ErrorCode, WireChange } from "@tillsync/protocol";
import { type SampleFields, sampleBody, sampleEdit, sampleSale } from "./sample-life.ts";

/** A change that something chokes on, and what the centre is to make of it. */
export interface Poison {
  readonly name: string;
  /** Null: it looks dangerous and is applied all the same. */
  readonly code: ErrorCode | null;
  /** Whether `localId` can be read from its bytes, so that later changes of the same entity wait. */
  readonly isNamed: boolean;
  wire(fields: SampleFields): Omit<WireChange, "hash">;
}

const NUL = "\u0000";

function poison(name: string, code: ErrorCode | null, wire: Poison["wire"], isNamed = true): Poison {
  return { name, code, wire, isNamed };
}

/** Valid by every schema; PostgreSQL throws while they are applied. */
export const APPLY_POISONS: readonly Poison[] = [
  poison("a NUL in the reference", "APPLY_FAILED", (fields) => ({
    body: sampleSale(fields, 100, { reference: `a${NUL}b` }),
  })),
  poison("a business date in the year 0000", "APPLY_FAILED", (fields) => ({
    body: sampleSale({ ...fields, businessDate: "0000-01-01" }, 100),
  })),
  poison("a time in the year 0000", "APPLY_FAILED", (fields) => ({
    body: sampleSale({ ...fields, occurredAt: "0000-02-03T04:05:06.007Z" }, 100),
  })),
  poison("a NUL in the note of an open order", "APPLY_FAILED", (fields) => ({
    body: sampleBody("order.edited", fields, {
      currency: "KES",
      events: [{ id: "T01.1", type: "note", text: `no ${NUL} onions` }],
    }),
  })),
];

/** What cannot be read as a change. */
export const UNREADABLE_POISONS: readonly Poison[] = [
  poison("bytes that are no JSON", "BODY_NOT_CANONICAL", () => ({ body: "not even JSON" }), false),
  poison("no bytes at all", "BODY_NOT_CANONICAL", () => ({ body: "" }), false),
  poison("raw NUL bytes", "BODY_NOT_CANONICAL", () => ({ body: `${NUL}{${NUL}` }), false),
  poison("JSON that is no object", "BODY_INVALID", () => ({ body: "null" }), false),
  poison("a hundred thousand brackets", "BODY_NOT_CANONICAL", () => ({ body: "[".repeat(100_000) }), false),
  poison("white space", "BODY_NOT_CANONICAL", (fields) => ({ body: `${sampleSale(fields, 100)}\n` })),
  poison("a lone surrogate behind an escape", "BODY_NOT_CANONICAL", (fields) => ({
    body: sampleSale(fields, 100, { reference: "x" }).replace('"x"', '"\\ud800"'),
  })),
  poison("an integer past 2^53", "BODY_NOT_CANONICAL", (fields) => ({
    body: sampleSale(fields, 100).replace('"version":1', '"version":9007199254740993'),
  })),
  poison("an unknown kind", "KIND_UNKNOWN", (fields) => ({ body: sampleBody("order.teleported", fields, {}) })),
  poison("an unknown kind with a NUL in it", "KIND_UNKNOWN", (fields) => ({
    body: sampleBody(`order.${NUL}`, fields, {}),
  })),
  poison("an unknown field with a NUL in its name", "BODY_INVALID", (fields) => ({
    body: sampleSale(fields, 100, { [`tip${NUL}`]: 5 }),
  })),
  poison("an unknown field with a name of 900,000 characters", "BODY_INVALID", (fields) => ({
    body: sampleSale(fields, 100, { ["😀".repeat(450_000)]: 5 }),
  })),
  poison("a total that the lines do not add up to", "TOTALS_MISMATCH", (fields) => ({
    body: sampleSale(fields, 100, { totalMinor: 101 }),
  })),
  poison("a private part that does not fit its hash", "PRIVATE_MISMATCH", (fields) => ({
    body: sampleSale({ ...fields, private: "ab".repeat(32) }, 100),
    private: `{"fields":{"name":"${NUL}"},"salt":"00"}`,
  })),
];

/** What looks dangerous and is fine. */
export const HARMLESS: readonly Poison[] = [
  poison("a receipt number in the year 0000", null, (fields) => ({
    body: sampleSale(fields, 100, { receiptNumber: "T01-00000101-00001" }),
  })),
  poison("a receipt number on 30 February", null, (fields) => ({
    body: sampleSale(fields, 100, { receiptNumber: "T01-20260230-00001" }),
  })),
  poison("a receipt number of someone else's making", null, (fields) => ({
    body: sampleSale(fields, 100, { receiptNumber: "-99999" }),
  })),
  poison("the largest amounts that can be counted", null, (fields) => ({
    body: sampleSale({ ...fields, version: Number.MAX_SAFE_INTEGER }, Number.MAX_SAFE_INTEGER),
  })),
  poison("an edit without any event", null, (fields) => ({ body: sampleEdit(fields, []) })),
];
