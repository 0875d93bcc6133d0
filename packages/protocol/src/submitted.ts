import { z } from "zod";
import { hash } from "./ids.ts";
import { LIMITS } from "./limits.ts";
import { currency, decimal, minor } from "./money.ts";

const text = (max: number) => z.string().min(1).max(max);

/** What could not be read of a document that was kept as it came. */
export const submissionFlag = z.enum(["ROUNDED", "TOTAL_UNREADABLE", "NUMBER_UNREADABLE", "STOCK_UNREADABLE"]);

/**
 * A whole document as a device of somebody else's, or head office, sent it (requirements 001 and 004). Its bytes are
 * opaque and kept; what stands beside them was read from them, for counting and finding.
 */
export const submitted = z.strictObject({
  /** 004 `deviceId` as it was sent; `head-office` for edits made there. */
  device: text(64),
  /** The document as JSON text: fields and their order as sent, numbers as they were written. */
  content: z.string().max(LIMITS.maxChangeBytes),
  /** SHA-256 over the document with sorted names: equal documents have equal hashes, however they were laid out. */
  contentHash: hash,
  currency,
  /** Absent when the document has no total that can be read. */
  totalMinor: minor.optional(),
  /** 004 `orderNumber` or `referenceNumber`: a second key, never an identity. */
  number: text(64).optional(),
  type: text(32).optional(),
  item: text(64).optional(),
  quantity: decimal.optional(),
  unitPrice: decimal.optional(),
  /** What the stock of `item` changes by (001: from the numbers). */
  stockDelta: decimal.optional(),
  flags: z.array(submissionFlag).max(8).optional(),
  /** Who changed it at head office, and why. */
  actor: text(64).optional(),
  reason: text(256).optional(),
});

/** A document taken away at head office. What it was stays in the changes before. */
export const deletedAtCentre = z.strictObject({
  actor: text(64),
  reason: text(256),
  /** Hash of the content that was taken away; absent when it was an order of our own tills. */
  contentHash: hash.optional(),
});

export type Submitted = z.infer<typeof submitted>;
export type SubmissionFlag = z.infer<typeof submissionFlag>;
