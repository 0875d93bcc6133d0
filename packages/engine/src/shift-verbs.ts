import type { Amount, CashMoveType } from "@tillsync/protocol";

export interface ShiftOpening {
  /** The caller's own id of the shift, so that an opening whose answer was lost can be sent again; made when absent. */
  readonly localId?: string | undefined;
  readonly operator: string;
  /** The day its sales count for; when absent the business date of the moment, by time zone and cut-off hour. */
  readonly businessDate?: string | undefined;
  /** Cash in the drawer before the first sale, in the till's currency. */
  readonly openingFloatMinor?: number | undefined;
  readonly occurredAt?: string | undefined;
}

export interface Shift {
  readonly localId: string;
  readonly operator: string;
  readonly businessDate: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly openSeq: number;
  readonly closeSeq: number | null;
}

/** What a person counted of one tender; without a currency it is the till's. */
export interface CountedTender extends Omit<Amount, "currency"> {
  readonly currency?: string | undefined;
}

export interface ShiftClosing {
  /**
   * The shift's own id. With it a closing whose answer was lost can be sent again, also when the next shift is open;
   * without it whatever shift is open is closed.
   */
  readonly localId?: string | undefined;
  readonly operator?: string | undefined;
  /** Each currency and tender once; those that are left out were not counted, and nothing is said of them. */
  readonly counted?: readonly CountedTender[] | undefined;
  readonly occurredAt?: string | undefined;
}

/** Cash put into the drawer or taken out of it beside sales. */
export interface CashMove {
  readonly localId: string;
  readonly direction: "in" | "out";
  /** Always positive; the direction says which way it went. */
  readonly amountMinor: number;
  readonly currency?: string | undefined;
  /** What for, in a person's words. */
  readonly reason: string;
  /** `PaidIn` or `PaidOut` when absent. */
  readonly type?: CashMoveType | undefined;
  readonly operator?: string | undefined;
  readonly reference?: string | undefined;
  readonly occurredAt?: string | undefined;
}

/** What a shift holds within one life of the till's database. */
export interface ShiftPart {
  readonly incarnation: string;
  readonly openSeq: number;
  readonly closeSeq: number;
  /** Hash of the change at `closeSeq`. */
  readonly chainHead: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly totals: readonly Amount[];
}

/** What a shift holds: for an open one the X report, for a closed one what its manifest says. */
export interface ShiftReport {
  readonly localId: string;
  /** All changes of the shift, and how many of each kind. */
  readonly changes: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Money taken less money given back, by currency and tender, cash moves included. */
  readonly totals: readonly Amount[];
  readonly openingFloatMinor: number | null;
  /** Currency of the opening float. */
  readonly currency: string | null;
  /** Cash put in and taken out beside sales, both positive. */
  readonly cashMoves: readonly { readonly currency: string; readonly inMinor: number; readonly outMinor: number }[];
  /** What should be there by currency and tender: totals and, in cash, the opening float. */
  readonly expected: readonly Amount[];
  readonly counted: readonly Amount[];
  /** Counted less expected, for what was counted: positive is over, negative short. */
  readonly overShort: readonly Amount[];
  readonly receipts: readonly { readonly first: string; readonly last: string; readonly count: number }[];
  /** Orders that are open now, or were when it closed; they go on in the next shift. */
  readonly openOrders: number;
  /** Where all of it stands, by life, oldest first: more than one when the database was put back during the shift. */
  readonly parts: readonly ShiftPart[];
}

/** The closing of a shift: durable, and the drawer may be handed over. */
export interface ClosedShift extends Shift {
  readonly report: ShiftReport;
  /** True when this shift was closed before in the same way: nothing was written. */
  readonly duplicate: boolean;
}

/** One line of a list of shifts. */
export interface ShiftSummary extends Omit<Shift, "openSeq" | "closeSeq"> {
  readonly changes: number;
  readonly totals: readonly Amount[];
  readonly openingFloatMinor: number | null;
  readonly counted: readonly Amount[];
  readonly overShort: readonly Amount[];
  /** What head office found when it compared: `waiting` for an answer once the shift is closed. */
  readonly settlement: {
    readonly state: "open" | "waiting" | "settled" | "settled-with-exceptions" | "different";
    readonly at: string | null;
    readonly exceptions: number;
    readonly differences: number;
  };
}

/** Receipt numbers of one business date in one life of the till's database. */
export interface ReceiptSeries {
  /** What is printed before its numbers: `T01`, and `T01R7XK` in a later life. */
  readonly terminal: string;
  readonly incarnation: string;
  readonly businessDate: string;
  /** Documents with a number, and the highest number. */
  readonly documents: number;
  readonly last: number;
  /** Every number from 1 on that has no document on this till, and why. */
  readonly gaps: readonly ReceiptGap[];
  /** Documents that were taken back: their numbers are there, and count for nothing. */
  readonly voided: readonly { readonly receiptNumber: string; readonly by: string }[];
}

export interface ReceiptGap {
  readonly from: number;
  /** Null when nobody on this till can know how far it goes. */
  readonly to: number | null;
  /**
   * - `rolled back`: head office has documents with these numbers, which the till's database lost unnoticed;
   * - `lost with an earlier life`: given before the database was put back or lost, and not on it any more;
   * - `unexplained`: somebody has to look.
   */
  readonly cause: "rolled back" | "lost with an earlier life" | "unexplained";
}
