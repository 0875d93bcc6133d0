import { z } from "zod";
import { businessDate, hash, incarnationId, seq, uuid } from "./ids.ts";
import { LIMITS } from "./limits.ts";

/** Where a change that is sent again in a later life stood first. */
export const origin = z.strictObject({ incarnation: incarnationId, seq, hash });

/** One change as it travels: its exact canonical bytes as text, and the hash that chains it. Its seq is its position. */
export const wireChange = z.strictObject({
  body: z.string().max(LIMITS.maxChangeBytes),
  hash,
  /** Bytes of the private part, while it is not erased. */
  private: z.string().max(LIMITS.maxPrivateBytes).optional(),
  origin: origin.optional(),
  /** Set when the till's own copy no longer fits its hash: it is stored as it is, and asked for again. */
  damaged: z.literal(true).optional(),
});

/** Bytes that may replace a missing or damaged body, on either side: their hash must be the one already stored. */
export const repair = z.strictObject({ incarnation: incarnationId, seq, body: z.string().max(LIMITS.maxChangeBytes) });

/** A row somebody lacks. */
export const missing = z.strictObject({ incarnation: incarnationId, seq });

/** `POST /api/sync/exchange`: everything a terminal has to say, and the only call it makes to the centre. */
export const exchangeRequest = z.strictObject({
  protocolVersion: z.int().min(1),
  terminal: uuid,
  incarnation: incarnationId,
  /** seq of the first change; without changes, the seq the terminal would send next. */
  fromSeq: seq,
  /** Hash of the change before `fromSeq`. */
  prevHash: hash,
  changes: z.array(wireChange).max(LIMITS.maxBatchChanges),
  /** How far the terminal's journal reaches, so that head office sees what is still to come. */
  headSeq: z.int().min(0),
  repair: z.array(repair).max(100).optional(),
  /** Opaque; null before the first feed entry was applied. */
  cursor: z.string().max(256).nullable(),
});

/** What the centre made of stored changes. */
export const effect = z.enum(["applied", "pending", "waiting", "conflict", "parked"]);

/**
 * One entry of the feed: the changes `fromSeq..toSeq` of one incarnation got this effect. `bodies` are the changes
 * themselves, in seq order, present when the entry tells a terminal of somebody else's.
 */
export const feedEntry = z.strictObject({
  n: z.int().min(1),
  terminal: uuid,
  incarnation: incarnationId,
  fromSeq: seq,
  toSeq: seq,
  effect,
  /** Why not applied: a code of `errors.ts` and its sentence. */
  code: z.string().optional(),
  message: z.string().optional(),
  bodies: z.array(z.string()).optional(),
});

/** The answer. Nothing in it is sent before the changes it acknowledges are durable in PostgreSQL. */
export const exchangeResponse = z.strictObject({
  protocolVersion: z.int().min(1),
  serverEpoch: uuid,
  /** Every change of this incarnation up to here is stored, and `chainHash` is the hash of the last of them. */
  durableThrough: z.int().min(0),
  chainHash: hash,
  /** Every change up to here is also in a verified backup. */
  backedUpThrough: z.int().min(0),
  /** Rows the centre holds without intact bytes. */
  need: z.array(missing),
  /** Rows the terminal lacks. */
  give: z.array(repair),
  entries: z.array(feedEntry),
  cursor: z.string().max(256),
  /** True when more entries wait behind the cursor. */
  more: z.boolean(),
  /** The highest receipt sequence stored of this incarnation, for its latest business date. */
  receiptCounter: z.strictObject({ businessDate, sequence: z.int().min(0) }).nullable(),
  /** The centre's clock, milliseconds since 1970. */
  serverTimeMs: z.int(),
  limits: z.strictObject({ maxChangeBytes: z.int(), maxBatchChanges: z.int(), maxRequestBytes: z.int() }),
  /** A wish of the centre: no sooner than this after the answer, unless there is something to send. */
  pacing: z.strictObject({ notBeforeMs: z.int().min(0) }),
});

export type WireChange = z.infer<typeof wireChange>;
export type Repair = z.infer<typeof repair>;
export type ExchangeRequest = z.infer<typeof exchangeRequest>;
export type ExchangeResponse = z.infer<typeof exchangeResponse>;
export type FeedEntry = z.infer<typeof feedEntry>;
export type Effect = z.infer<typeof effect>;
