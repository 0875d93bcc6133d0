import { hash, incarnationId, PAYLOADS } from "@tillsync/protocol";
import { fromZod, type JsonSchema, listOf, nullable, object, ref, text } from "@tillsync/protocol/openapi";
import * as sent from "../schemas.ts";

const count = (description: string): JsonSchema => ({ type: "integer", minimum: 0, description });
const minor = (description: string): JsonSchema => ({ type: "integer", description });
const at = (description: string): JsonSchema => text(description, { format: "date-time" });
const amounts = (description: string): JsonSchema => listOf(ref("Amount"), description);

const manifest = PAYLOADS["shift.closed"].shape;
const counts = fromZod(manifest.counts, "Changes by kind.");

const day = {
  localId: text("Its identity."),
  operator: text("Who opened it."),
  businessDate: text("The day it counts for.", { format: "date" }),
  openedAt: at("When."),
  closedAt: nullable(at("Null while it is open.")),
};

const shift = {
  ...day,
  openSeq: count("Place of its first change in the journal."),
  closeSeq: nullable(count("Place of its last.")),
};

const part = object({
  incarnation: fromZod(incarnationId, "The life of the till's database."),
  openSeq: count("The first change."),
  closeSeq: count("The last one."),
  chainHead: fromZod(hash, "Its hash."),
  counts,
  totals: amounts("Money of this stretch."),
});

const report = object(
  {
    localId: text("Of the shift."),
    changes: count("All changes of the shift."),
    counts,
    totals: amounts("Money taken less money given back, cash moves included."),
    openingFloatMinor: nullable(minor("Cash in the drawer at the start; null when nobody said.")),
    currency: nullable(text("Of the opening float.")),
    cashMoves: listOf(
      object({ currency: text("ISO 4217."), inMinor: minor("Put in."), outMinor: minor("Taken out.") }),
      "Cash beside sales, both positive.",
    ),
    expected: amounts("What should be there: totals and, in cash, the opening float."),
    counted: amounts("What a person counted."),
    overShort: amounts("Counted less expected: positive is over, negative short."),
    receipts: listOf(
      object({ first: text("The first number."), last: text("The last one."), count: count("How many.") }),
      "Receipt numbers of the shift, by life.",
    ),
    openOrders: count("Orders that are open, or were when it closed. They go on in the next shift."),
    parts: listOf(part, "By life, oldest first: more than one when the database was put back during the shift."),
  },
  "What a shift holds.",
);

const settlement = object({
  state: {
    type: "string",
    enum: ["open", "waiting", "settled", "settled-with-exceptions", "different"],
    description: "What head office found when it compared; `waiting` for an answer.",
  },
  at: nullable(at("When it was said.")),
  exceptions: count("Changes that a person has to look at."),
  differences: count("Changes that are not the same on both sides."),
});

const gap = object({
  from: { type: "integer", minimum: 1, description: "The first missing number." },
  to: nullable(count("The last one; null when nobody here can know.")),
  cause: { type: "string", enum: ["rolled back", "lost with an earlier life", "unexplained"] },
});

export const SHIFT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Amount: object({ currency: text("ISO 4217."), tender: text("Such as `cash`."), amountMinor: minor("Minor units.") }),
  ShiftOpening: fromZod(sent.shiftOpening, "Who opens a shift, and the day its sales count for."),
  ShiftClosing: fromZod(sent.shiftClosing, "Which shift, who closes it, and what was counted."),
  CashMove: fromZod(sent.cashMove, "Cash beside sales. The amount is positive; the direction says which way it went."),
  Shift: object(shift),
  ShiftAnswer: object({ shift: nullable(ref("Shift")) }),
  ShiftReport: report,
  CurrentShift: object({ shift: nullable(ref("Shift")), report: nullable(ref("ShiftReport")) }),
  ClosedShift: object({
    shift: ref("Shift"),
    report: ref("ShiftReport"),
    duplicate: { type: "boolean", description: "True when it was closed before in the same way: nothing was written." },
  }),
  ShiftSummary: object({
    ...day,
    changes: count("All changes of the shift."),
    totals: amounts("Money taken less money given back."),
    openingFloatMinor: nullable(minor("Cash in the drawer at the start.")),
    counted: amounts("What a person counted."),
    overShort: amounts("Counted less expected."),
    settlement,
  }),
  ReceiptSeries: object({
    terminal: text("What is printed before its numbers."),
    incarnation: fromZod(incarnationId),
    businessDate: text("The day.", { format: "date" }),
    documents: count("Documents with a number."),
    last: count("The highest number."),
    gaps: listOf(gap, "Numbers without a document on this till."),
    voided: listOf(
      object({ receiptNumber: text("Of the document that was taken back."), by: text("`localId` of what did it.") }),
    ),
  }),
};
