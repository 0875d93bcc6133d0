import { z } from "zod";
import { MAX_AMOUNTS } from "./amounts.ts";
import { businessDate, hash, incarnationId, seq, uuid } from "./ids.ts";
import { LIMITS } from "./limits.ts";
import { currency, minor } from "./money.ts";

/** Where a change that is sent again in a later life stood first. */
export const origin = z.strictObject({ incarnation: incarnationId, seq, hash });

/** One change as it travels: its exact canonical bytes as text, and the hash that chains it. Its seq is its position. */
export const wireChange = z.strictObject({
  body: z.string().max(LIMITS.maxChangeBytes),
  hash,
  /** Bytes of the private part, or the mark of one that was erased (`private-part.ts`). */
  private: z.string().max(LIMITS.maxPrivateBytes).optional(),
  origin: origin.optional(),
  /** Set when the till's own copy no longer fits its hash: it is stored as it is, and asked for again. */
  damaged: z.literal(true).optional(),
});

/**
 * Bytes that may replace missing or damaged ones, on either side: they must give the hash that is kept for their place, or
 * the change that is kept behind them must follow them. `prevHash` and `origin`, as the sender has them, tell where the
 * receiver has lost those as well. `private` is taken where it fits these bytes and the receiver has none that does.
 */
export const repair = z.strictObject({
  incarnation: incarnationId,
  seq,
  body: z.string().max(LIMITS.maxChangeBytes),
  prevHash: hash.optional(),
  origin: origin.optional(),
  private: z.string().max(LIMITS.maxPrivateBytes).optional(),
});

/** A row somebody lacks; with `private`, only the private part of it. */
export const missing = z.strictObject({ incarnation: incarnationId, seq, private: z.literal(true).optional() });

/** A place of a life's chain and the hash there; the place before its first change is 0, with the hash that starts a chain. */
export const chainPlace = z.strictObject({ seq: z.int().min(0), hash });

/**
 * How a life stands at the centre beside what its terminal has of it, when the terminal asked with `compare`. `common` is
 * the last of the places given that the centre has with the same hash. `other` is the newest other life of this terminal
 * that the centre knows, and how far it has that: a terminal that lost everything learns from it that it is not new.
 */
export const comparison = z.strictObject({
  common: chainPlace,
  other: z.strictObject({ incarnation: incarnationId, durableThrough: z.int().min(0), chainHash: hash }).nullable(),
});

/**
 * What of the feed a terminal is told. `own`: what became of its own changes. `store`: beside that, what other terminals of
 * the store did. `open`: beside that, what others did to open orders. `none`: nothing, and the cursor stays where it is.
 */
export const feedScope = z.enum(["store", "open", "own", "none"]);

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
  repair: z.array(repair).max(LIMITS.maxRepairs).optional(),
  /** Rows that the terminal has lost or finds damaged: the answer brings them in `give`, as many as it has room for. */
  lacks: z.array(missing).max(LIMITS.maxRepairs).optional(),
  /** Places of this life as the terminal has them, oldest first: it doubts that the centre has the same. */
  compare: z.array(chainPlace).max(LIMITS.maxRepairs).optional(),
  /** Opaque; null before the first feed entry was applied. */
  cursor: z.string().max(256).nullable(),
  /** `own` when absent, as terminals send it that know nothing of others. */
  feed: feedScope.optional(),
});

/** What the centre made of stored changes. */
export const effect = z.enum(["applied", "pending", "waiting", "conflict", "parked"]);

/** What the centre found when it compared a closed shift, byte for byte, with what its manifest says. */
export const settlement = z.strictObject({
  /**
   * `settled`: the same, and all of it applied. `settled-with-exceptions`: the same as far as anybody has it, and people
   * have to look at some of it. `different`: bytes are missing or damaged at the centre, and it asks for them.
   */
  state: z.enum(["settled", "settled-with-exceptions", "different"]),
  /** The stretch of the life that was compared, and the hash of its last change. */
  openSeq: seq,
  closeSeq: seq,
  chainHead: hash,
  /** As the centre adds them up from the bytes it stores; what it lacks has no money. */
  counts: z.record(z.string().min(1).max(32), z.int().min(0)),
  totals: z.array(z.strictObject({ currency, tender: z.string().min(1).max(32), amountMinor: minor })).max(MAX_AMOUNTS),
  /** Changes that were not applied, or of which something is lost on both sides, by seq; the first of them. */
  exceptions: z.array(z.strictObject({ seq, effect, code: z.string().nullable() })).max(LIMITS.maxSettlementExceptions),
  exceptionCount: z.int().min(0),
  /** Rows of which the centre lacks the bytes or the private part, by seq; the first of them. */
  need: z.array(seq).max(LIMITS.maxRepairs),
  needCount: z.int().min(0),
});

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
  /** Comes with `bodies`, and tells whether they are those that the centre checked (`told-check.ts`). */
  check: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  /** The judgement of the shift that this change closed; `fromSeq` and `toSeq` are its place. */
  settlement: settlement.optional(),
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
  /**
   * These entries are a part of what a terminal that begins without a cursor is given of the past. What others did is to be
   * seen when an answer comes without this, all of it at once.
   */
  joining: z.literal(true).optional(),
  /** The highest receipt sequence stored of this incarnation, for its latest business date. */
  receiptCounter: z.strictObject({ businessDate, sequence: z.int().min(0) }).nullable(),
  /** Only when the terminal asked. */
  comparison: comparison.optional(),
  /** The centre's clock, milliseconds since 1970. */
  serverTimeMs: z.int().min(0),
  limits: z.strictObject({ maxChangeBytes: z.int(), maxBatchChanges: z.int(), maxRequestBytes: z.int() }),
  /** A wish of the centre: no sooner than this after the answer, unless there is something to send. */
  pacing: z.strictObject({ notBeforeMs: z.int().min(0) }),
});

export type WireChange = z.infer<typeof wireChange>;
export type Repair = z.infer<typeof repair>;
export type ExchangeRequest = z.infer<typeof exchangeRequest>;
export type ExchangeResponse = z.infer<typeof exchangeResponse>;
export type FeedEntry = z.infer<typeof feedEntry>;
export type Settlement = z.infer<typeof settlement>;
export type FeedScope = z.infer<typeof feedScope>;
export type ChainPlace = z.infer<typeof chainPlace>;
export type Comparison = z.infer<typeof comparison>;
export type Missing = z.infer<typeof missing>;
export type Effect = z.infer<typeof effect>;
