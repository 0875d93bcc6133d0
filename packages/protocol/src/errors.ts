/**
 * Every refusal Tillsync gives, with one meaning each. `docs/errors.md` lists the same codes; a test compares the two.
 * A retired code is never used again.
 *
 * `status` is the HTTP status at the doors; `retryable` answers the only question a caller has to ask: does sending the
 * very same thing later have a chance?
 */
export const ERROR_CODES = {
  INVALID_INPUT: { status: 400, retryable: false, who: "caller" },
  INVALID_JSON: { status: 400, retryable: false, who: "caller" },
  UNAUTHENTICATED: { status: 401, retryable: true, who: "operator" },
  TERMINAL_UNKNOWN: { status: 401, retryable: true, who: "operator" },
  FORBIDDEN: { status: 403, retryable: true, who: "operator" },
  GRANT_REFUSED: { status: 403, retryable: true, who: "operator" },
  NOT_FOUND: { status: 404, retryable: false, who: "caller" },
  NO_PRICE: { status: 404, retryable: true, who: "operator" },
  GAP: { status: 409, retryable: true, who: "nobody" },
  CHAIN_BROKEN: { status: 409, retryable: true, who: "nobody" },
  FORK: { status: 409, retryable: false, who: "operator" },
  ORDER_NOT_OPEN: { status: 409, retryable: false, who: "cashier" },
  ALREADY_VOIDED: { status: 409, retryable: false, who: "cashier" },
  LOCAL_ID_TAKEN: { status: 409, retryable: false, who: "caller" },
  SHIFT_NOT_OPEN: { status: 409, retryable: false, who: "cashier" },
  SHIFT_ALREADY_OPEN: { status: 409, retryable: false, who: "cashier" },
  SHIFT_ALREADY_CLOSED: { status: 409, retryable: false, who: "cashier" },
  NOT_PARKED: { status: 409, retryable: false, who: "cashier" },
  PAYMENT_PENDING: { status: 409, retryable: true, who: "cashier" },
  CONFLICT_RESOLVED: { status: 409, retryable: false, who: "caller" },
  TERMINAL_TAKEN: { status: 409, retryable: false, who: "operator" },
  NOT_DRAINED: { status: 409, retryable: true, who: "operator" },
  NOT_SET_UP: { status: 409, retryable: false, who: "operator" },
  DAY_NOT_SETTLED: { status: 409, retryable: true, who: "operator" },
  FEED_RESET: { status: 410, retryable: true, who: "nobody" },
  TOO_LARGE: { status: 413, retryable: false, who: "caller" },
  UNSUPPORTED_ENCODING: { status: 415, retryable: false, who: "caller" },
  PROTOCOL_VERSION: { status: 426, retryable: true, who: "operator" },
  UPGRADE_REQUIRED: { status: 426, retryable: true, who: "operator" },
  TOO_MANY_REQUESTS: { status: 429, retryable: true, who: "nobody" },
  INTERNAL: { status: 500, retryable: true, who: "developer" },
  UNAVAILABLE: { status: 503, retryable: true, who: "operator" },

  // What can be wrong with a stored change; it is parked, and nothing behind it waits.
  BODY_DAMAGED: { status: 422, retryable: false, who: "operator" },
  BODY_RETIRED: { status: 503, retryable: true, who: "nobody" },
  BODY_NOT_CANONICAL: { status: 422, retryable: false, who: "developer" },
  BODY_INVALID: { status: 422, retryable: false, who: "developer" },
  PRIVATE_MISMATCH: { status: 422, retryable: false, who: "developer" },
  KIND_UNKNOWN: { status: 422, retryable: false, who: "operator" },
  TOTALS_MISMATCH: { status: 422, retryable: false, who: "operator" },
  APPLY_FAILED: { status: 422, retryable: false, who: "developer" },
  CHANGE_ID_REUSED: { status: 422, retryable: false, who: "operator" },
  WAITING_FOR_EARLIER: { status: 422, retryable: false, who: "nobody" },
  ALREADY_CLOSED: { status: 422, retryable: false, who: "operator" },
  DISCARDED: { status: 422, retryable: false, who: "nobody" },
  PRIVATE_LOST: { status: 422, retryable: false, who: "operator" },
  MANIFEST_DIFFERS: { status: 422, retryable: false, who: "operator" },
  EARLIER_DIFFERS: { status: 422, retryable: false, who: "operator" },

  // The conflict table of requirement 004: the server's version stands, the other one is kept.
  VERSION_MISMATCH: { status: 409, retryable: false, who: "caller" },
  HASH_MISMATCH: { status: 409, retryable: false, who: "caller" },
  CONCURRENT_MODIFICATION: { status: 409, retryable: false, who: "caller" },
  DELETED_ITEM: { status: 409, retryable: false, who: "caller" },

  // The terminal's own machine.
  LOCKED: { status: 503, retryable: true, who: "operator" },
  SQLITE_TOO_OLD: { status: 500, retryable: false, who: "operator" },
  SQLITE_NOT_DURABLE: { status: 500, retryable: false, who: "operator" },
  NOT_SOLD: { status: 503, retryable: true, who: "cashier" },
  COMMIT_UNKNOWN: { status: 503, retryable: true, who: "operator" },
  TERMINAL_STOPPED: { status: 503, retryable: true, who: "operator" },
  JOURNAL_BROKEN: { status: 500, retryable: false, who: "operator" },
  STALLED: { status: 500, retryable: true, who: "developer" },
  BACKUP_UNREADABLE: { status: 422, retryable: false, who: "operator" },
  UNSETTLED: { status: 409, retryable: true, who: "operator" },
  STORE_FAILING: { status: 503, retryable: true, who: "operator" },
  STORE_DAMAGED: { status: 500, retryable: false, who: "operator" },
  STORE_FULL: { status: 507, retryable: true, who: "operator" },

  // The network between a terminal and a destination.
  UNREACHABLE: { status: 503, retryable: true, who: "nobody" },
  TIMED_OUT: { status: 504, retryable: true, who: "nobody" },
  NOT_AN_ANSWER: { status: 502, retryable: true, who: "operator" },
  MODULE_DIFFERS: { status: 502, retryable: true, who: "developer" },

  // Starting a process.
  CONFIG_INVALID: { status: 500, retryable: false, who: "operator" },
  PORT_IN_USE: { status: 500, retryable: true, who: "operator" },
  DATA_DIR_NOT_WRITABLE: { status: 500, retryable: true, who: "operator" },
  NODE_TOO_OLD: { status: 500, retryable: false, who: "operator" },
  PG_BINARIES_MISSING: { status: 500, retryable: false, who: "operator" },
  DATA_DIR_NOT_EMPTY: { status: 500, retryable: false, who: "operator" },
  BACKUP_UNUSABLE: { status: 500, retryable: false, who: "operator" },
  PG_START_FAILED: { status: 500, retryable: true, who: "operator" },
} as const satisfies Record<string, { status: number; retryable: boolean; who: Who }>;

/** Who has to act before it can go on. */
export type Who = "nobody" | "cashier" | "caller" | "operator" | "developer";

export type ErrorCode = keyof typeof ERROR_CODES;

/** What a refusal says besides its code: which field, what was expected there, what came; and facts a program may use. */
export interface ErrorDetails {
  readonly field?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly [fact: string]: unknown;
}

/**
 * The one error class of Tillsync. `message` is a sentence a person can act on and is safe to show to a peer: it never
 * holds payloads, keys or personal data. `cause` is for logs only.
 */
export class SyncError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "SyncError";
    this.code = code;
    this.details = details;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  /** The body of a refusal at every HTTP door: `{error: {code, message, retryable, ...details}}`. */
  toBody(correlationId?: string): { error: Record<string, unknown> } {
    const id = correlationId === undefined ? {} : { correlationId };
    return { error: { ...this.details, code: this.code, message: this.message, retryable: this.retryable, ...id } };
  }
}

/** True when `text` is one of our codes; answers of other programs are not. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === "string" && Object.hasOwn(ERROR_CODES, text);
}
