import { fromZod, listOf, object, type RouteDescription, ref } from "@tillsync/protocol/openapi";
import { dayFilter, shiftFilter } from "../schemas.ts";

const opening = { localId: "shift-1", operator: "Amina", businessDate: "2026-01-16", openingFloatMinor: 200_000 };
const milk = { localId: "cash-1", direction: "out", amountMinor: 50_000, reason: "milk", operator: "Amina" };
const evening = {
  localId: "shift-1",
  operator: "Amina",
  counted: [
    { tender: "cash", amountMinor: 65_450 },
    { currency: "KES", tender: "mpesa", amountMinor: 0 },
  ],
};

/** What the morning's examples send: before there is anything to sell. */
export const SHIFT_OPENING: Readonly<Record<string, RouteDescription>> = {
  "POST /api/shifts/open": {
    operationId: "openShift",
    tag: "Shifts",
    summary: "Open a shift; nothing is sold outside one.",
    description:
      "At once, without head office. The shift that is open, opened again alike under its `localId`, is answered as it is. Without a business date it is that of the moment: the day on the store's clock (`Terminal.TimeZone`), which begins at `Terminal.DayCutoffHour`.",
    body: { description: "Who, for which day, and the cash in the drawer.", schema: ref("ShiftOpening") },
    answers: {
      201: { description: "Opened.", schema: ref("ShiftAnswer") },
      200: { description: "It was open already: nothing was written.", schema: ref("ShiftAnswer") },
    },
    refusals: ["INVALID_INPUT", "SHIFT_ALREADY_OPEN", "LOCAL_ID_TAKEN"],
    examples: [
      { summary: "In the morning", body: opening, status: 201 },
      { summary: "Again", body: opening, status: 200 },
      { summary: "Another one", body: { localId: "shift-2", operator: "Otieno" }, status: 409 },
      { summary: "Nobody", body: {}, invalid: true, status: 400 },
    ],
  },
};

/** What is asked of a shift once something was sold in it, up to its end. */
export const SHIFT_CLOSING: Readonly<Record<string, RouteDescription>> = {
  "POST /api/shifts/cash": {
    operationId: "moveCash",
    tag: "Shifts",
    summary: "Record cash put into the drawer or taken out of it beside sales.",
    description:
      "A transaction of tender `cash` and of a type of ARTS POSLog: `PaidIn` (the default of `in`) or `Loan`, `PaidOut` (the default of `out`) or `Pickup`.",
    body: { description: "Which way, how much and what for.", schema: ref("CashMove") },
    answers: {
      201: { description: "Written.", schema: ref("Recorded") },
      200: { description: "It was recorded before: nothing was written.", schema: ref("Recorded") },
    },
    refusals: ["INVALID_INPUT", "SHIFT_NOT_OPEN", "LOCAL_ID_TAKEN"],
    examples: [
      { summary: "Milk for the staff", body: milk, status: 201 },
      { summary: "Again", body: milk, status: 200 },
      {
        summary: "To the safe",
        body: { localId: "cash-2", direction: "out", type: "Pickup", amountMinor: 100_000, reason: "to the safe" },
        status: 201,
      },
      { summary: "Another amount under the same id", body: { ...milk, amountMinor: 5_000 }, status: 409 },
      { summary: "A negative amount", body: { ...milk, amountMinor: -50_000 }, invalid: true, status: 400 },
    ],
  },
  "GET /api/shifts/current": {
    operationId: "getShift",
    tag: "Shifts",
    summary: "The shift that is open, with its X report; both null when none is.",
    description: "It changes nothing and may be asked at any time.",
    answers: { 200: { description: "The shift and what it holds so far.", schema: ref("CurrentShift") } },
    examples: [{ summary: "One is open", status: 200 }],
  },
  "POST /api/shifts/close": {
    operationId: "closeShift",
    tag: "Shifts",
    summary: "Close the shift that is open, with what was counted.",
    description:
      "At once, without head office. `overShort` says for each counted tender by how much it is over (positive) or short of what was expected; a tender that is left out was not counted. Open orders stay open and go on in the next shift. A closing with the shift's `localId` can be sent again and is answered as before, also when the next shift is open.",
    body: {
      description: "Who and what was counted; all of it may be left out.",
      required: false,
      schema: ref("ShiftClosing"),
    },
    answers: { 200: { description: "Closed, now or before.", schema: ref("ClosedShift") } },
    refusals: ["INVALID_INPUT", "SHIFT_NOT_OPEN", "SHIFT_ALREADY_CLOSED"],
    examples: [
      { summary: "In the evening", body: evening, status: 200 },
      { summary: "Again", body: evening, status: 200 },
      {
        summary: "Again with another count",
        body: { ...evening, counted: [{ tender: "cash", amountMinor: 60_000 }] },
        status: 409,
      },
      { summary: "None is open", body: {}, status: 409 },
      { summary: "A field of the wrong form", body: { operator: 5 }, invalid: true, status: 400 },
    ],
  },
  "GET /api/shifts": {
    operationId: "getShifts",
    tag: "Shifts",
    summary: "The till's shifts, newest first, with their money and where their settlement stands.",
    parameters: [
      {
        in: "query",
        name: "limit",
        description: "How many; 20 when absent.",
        schema: fromZod(shiftFilter.shape.limit.unwrap()),
      },
    ],
    answers: { 200: { description: "The shifts.", schema: object({ shifts: listOf(ref("ShiftSummary")) }) } },
    refusals: ["INVALID_INPUT"],
    examples: [
      { summary: "The last one", parameters: { limit: 1 }, status: 200 },
      { summary: "None at all", parameters: { limit: 0 }, status: 400 },
    ],
  },
  "GET /api/receipts": {
    operationId: "getReceipts",
    tag: "Shifts",
    summary: "The receipt numbers of a business date: every one without a document, and why.",
    parameters: [
      {
        in: "query",
        name: "businessDate",
        description: "The day.",
        required: true,
        schema: fromZod(dayFilter.shape.businessDate),
      },
    ],
    answers: {
      200: { description: "By life of the till's database.", schema: object({ series: listOf(ref("ReceiptSeries")) }) },
    },
    refusals: ["INVALID_INPUT"],
    examples: [
      { summary: "A day", parameters: { businessDate: "2026-01-16" }, status: 200 },
      { summary: "No date", parameters: { businessDate: "16.01.2026" }, status: 400 },
    ],
  },
};
