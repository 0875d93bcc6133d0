/**
 * What came back of one call to the far end of a lane, before anybody asked what it means. It is stored as it is, so that
 * an interpretation that was wrong can be done again.
 */
export type Reply =
  | {
      readonly kind: "answer";
      /** HTTP status. */
      readonly status: number;
      /** At most `MAX_REPLY_CHARACTERS` of it. */
      readonly text: string;
      /** From `Retry-After`; absent when there was none. */
      readonly retryAfterMs?: number;
    }
  | {
      readonly kind: "silence";
      /**
       * `no`: not one byte of the request can have arrived (no address, no connection). `perhaps`: it may have been read
       * and carried out, whatever happened to the answer.
       */
      readonly arrived: "no" | "perhaps";
      readonly code: "UNREACHABLE" | "TIMED_OUT" | "CUT_OFF" | "TOO_LARGE";
      readonly message: string;
    };

/** Of an answer, in UTF-16 units: the largest that a destination of ours gives is a list of codes of some 300 KB. */
export const MAX_REPLY_CHARACTERS = 1_048_576;

/** What a reply means for the item that was sent. */
export type Outcome =
  /** The far end has it, and it counts once. */
  | { readonly verdict: "accepted" }
  /** It says that it had it before. That is success when what it has is ours: it is looked up and adopted. */
  | { readonly verdict: "duplicate"; readonly code: string; readonly message: string }
  /** Refused for what it is. Sent again it would be refused again, so a person has to look. */
  | { readonly verdict: "parked"; readonly code: string; readonly message: string }
  /** Certainly not carried out, and nothing is wrong with the item: it is sent again. */
  | {
      readonly verdict: "retry";
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs?: number;
      /** What is wrong is the device or the account, not the item: everything behind it waits as well. */
      readonly blocksLane?: true;
    }
  /** It may have been carried out. Nothing is sent again before it was looked up. */
  | { readonly verdict: "unknown"; readonly code: string; readonly message: string };

/** What a look-up found of an item whose outcome is unknown. */
export type Found =
  /** It is there: what was found is the reply to it. */
  | { readonly verdict: "there" }
  /** It is certainly not there: it may be sent again. */
  | { readonly verdict: "absent" }
  /** Something is there in its place that is not ours, or the far end cannot say: a person has to look. */
  | { readonly verdict: "parked"; readonly code: string; readonly message: string }
  /** Not known yet: it is looked up again later. */
  | { readonly verdict: "unknown"; readonly code: string; readonly message: string; readonly retryAfterMs?: number };
