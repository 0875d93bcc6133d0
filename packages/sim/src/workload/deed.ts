import type { OrderDraft, Recorded, TerminalTransaction } from "@tillsync/engine";
import type { ErrorCode, Kind } from "@tillsync/protocol";

/** One document that a cashier wants recorded, and what the cashier knows about it. */
export interface Wish {
  readonly kind: Kind;
  readonly localId: string;
  readonly amountMinor: number | null;
  readonly currency: string | null;
  readonly intent: number;
}

/** Something to be done in one transaction of the till; doing it again must not do it twice. */
export interface Deed {
  readonly wishes: readonly Wish[];
  readonly act: (tx: TerminalTransaction) => readonly Recorded[];
  readonly expected: readonly ErrorCode[];
  /** Makes the same purchase under new ids, for when the till said for certain that nothing was sold. */
  readonly again?: () => Deed;
  /** The order that it closes, for asking the same thing again much later. */
  readonly draft?: OrderDraft;
}
