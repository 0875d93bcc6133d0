import { exchangeResponse, hash, incarnationId, uuid } from "@tillsync/protocol";
import {
  fromZod,
  type JsonSchema,
  listOf,
  nullable,
  object,
  type RouteDescription,
  ref,
  text,
} from "@tillsync/protocol/openapi";
import { dayClosing, dayParameters, shiftParameters } from "../day-routes.ts";
import { CLOSED_DAY, CLOSED_SHIFT } from "./example-shift.ts";
import { parameters } from "./reading-descriptions.ts";

const count = (description: string): JsonSchema => ({ type: "integer", minimum: 0, description });
const minor: JsonSchema = { type: "integer", description: "Minor units." };
const seq: JsonSchema = { type: "integer", minimum: 1, description: "Place in the journal." };
const at = (description: string): JsonSchema => text(description, { format: "date-time" });
const textOrNull = (description: string): JsonSchema => nullable(text(description));
const terminal = fromZod(uuid, "The terminal.");
const shortId = text("What people call it, such as `T01`.");
const incarnation = fromZod(incarnationId, "One life of its database.");
const amounts = (description: string): JsonSchema =>
  listOf(object({ currency: text("ISO 4217."), tender: text("How it was paid."), amountMinor: minor }), description);
const entry = exchangeResponse.shape.entries.element.shape;
const settlement = fromZod(entry.settlement.unwrap()) as { properties: Record<string, JsonSchema> };
const {
  openSeq,
  closeSeq,
  chainHead,
  counts,
  state = {},
  exceptions,
  exceptionCount,
  need,
  needCount,
} = settlement.properties;
const stretch = {
  openSeq: openSeq ?? seq,
  closeSeq: closeSeq ?? seq,
  chainHead: chainHead ?? fromZod(hash),
  counts: counts ?? {},
  totals: amounts("Money by currency and tender."),
};
const documents = listOf(
  object({
    documentType: text("`sale`, `return` or `void`."),
    currency: text("ISO 4217."),
    count: count("How many."),
    totalMinor: minor,
  }),
  "Receipts by kind: sales, returns, voids.",
);
const missing = listOf(object({ shift: text("Its id."), shortId }));

export const DAY_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ShiftSettlement: object(
    {
      shift: text("Its id."),
      terminal,
      shortId,
      incarnation,
      seq,
      businessDate: textOrNull("The day it counts for."),
      judgedAt: at("When it was compared last."),
      state,
      ...stretch,
      exceptions: exceptions ?? {},
      exceptionCount: exceptionCount ?? count("How many."),
      need: need ?? {},
      needCount: needCount ?? count("How many."),
      manifest: nullable(object(stretch, "What the till says of its shift.")),
      "earlier?": listOf(
        object({
          incarnation,
          ...{ ...stretch, chainHead: nullable(stretch.chainHead) },
          isSame: { type: "boolean", description: "The same as its till says." },
        }),
        "Its parts in earlier lives of the till's database, from the bytes stored here.",
      ),
      lacked: listOf(seq, "Changes whose bytes nobody has."),
      healed: listOf(seq, "Changes whose bytes were wrong here, and are right again."),
    },
    "A closed shift on both sides: what its till said, and what the centre finds in the bytes it stores.",
  ),
  ShiftOfDay: object({
    shift: textOrNull("Its id; null when its closing cannot be read."),
    terminal,
    shortId,
    incarnation,
    seq,
    operator: textOrNull("Who closed it."),
    state,
    changes: count("Changes of the shift."),
    totals: amounts("As the centre adds them up from the bytes it stores."),
    documents,
    exceptions: count("Changes that people have to look at."),
    receipts: listOf(
      object({ first: text("Receipt number."), last: text("Receipt number."), count: count("How many.") }),
      "Receipts that the till printed, as it says.",
    ),
    overShort: amounts("Counted in the drawer, less what was expected, as the till says."),
  }),
  DaySums: object({
    shifts: listOf(ref("ShiftOfDay")),
    terminals: listOf(object({ terminal, shortId, totals: amounts("Of its shifts.") })),
    totals: amounts("Of all shifts."),
    documents,
    exceptions: count("Changes that people have to look at."),
    overShort: amounts("Of all shifts."),
    outside: listOf(
      object({
        documentType: text("As its sender calls it; `order` or `transaction` where it says nothing."),
        currency: text("ISO 4217."),
        count: { type: "integer", description: "How many; in a supplement what came or went since." },
        totalMinor: minor,
      }),
      "Documents that no shift has, in none of the other sums: of devices of other makes and of head office.",
    ),
  }),
  Day: object({
    businessDate: text("The day.", { format: "date" }),
    state: { type: "string", enum: ["open", "closed"], description: "Whether it is locked." },
    closedAt: nullable(at("When it was closed.")),
    actor: textOrNull("Who closed it."),
    reason: textOrNull("Why."),
    report: ref("DaySums"),
    missing: object({ open: missing, unsettled: missing }, "Shifts that keep the day from being closed."),
    supplement: ref("DaySums"),
  }),
};

const day = parameters("path", dayParameters, { businessDate: "The day, as shifts have it." });
const REFUSED = "00000000-0000-4000-8000-000000000000";

export const DAY_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /api/admin/shifts/:shift/settlement": {
    operationId: "getShiftSettlement",
    tag: "Head office",
    summary: "A closed shift: what its till said, what the centre finds, and what people have to look at.",
    description: "A till's own key reads its own shifts.",
    parameters: parameters("path", shiftParameters, { shift: "Its id." }),
    answers: { 200: { description: "Both sides.", schema: ref("ShiftSettlement") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT"],
    examples: [
      { summary: "A settled shift", as: "admin", parameters: { shift: CLOSED_SHIFT }, status: 200 },
      { summary: "One that is not known", as: "admin", parameters: { shift: REFUSED }, status: 404 },
      { summary: "Not an id", as: "admin", parameters: { shift: "a b" }, status: 400 },
    ],
  },
  "GET /api/admin/days/:businessDate": {
    operationId: "getDay",
    tag: "Head office",
    summary: "A day of the store: its Z report once it is closed, and what is missing until then.",
    description:
      "The report of a closed day never changes. Shifts of that day which arrived later are in `supplement`, whose sums come on top.",
    parameters: day,
    answers: { 200: { description: "The day.", schema: ref("Day") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT"],
    examples: [
      { summary: "A day that can be closed", as: "admin", parameters: { businessDate: CLOSED_DAY }, status: 200 },
      { summary: "A day with an open shift", as: "admin", parameters: { businessDate: "2026-01-16" }, status: 200 },
      { summary: "A day without a shift", as: "admin", parameters: { businessDate: "1999-01-01" }, status: 404 },
      { summary: "Not a date", as: "admin", parameters: { businessDate: "yesterday" }, status: 400 },
    ],
  },
  "POST /api/admin/days/:businessDate/close": {
    operationId: "closeDay",
    tag: "Head office",
    summary: "Locks a day with its Z report.",
    description:
      "All its shifts have to be closed and settled. Closing it again answers with the report of the first time. What arrives later is stored and applied, and is the day's supplement.",
    parameters: day,
    body: { description: "Who and why.", schema: fromZod(dayClosing) },
    answers: { 200: { description: "The closed day.", schema: ref("Day") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT", "DAY_NOT_SETTLED"],
    examples: [
      {
        summary: "A day whose shifts are settled",
        as: "admin",
        parameters: { businessDate: CLOSED_DAY },
        body: { actor: "Wanjiru", reason: "end of day" },
        status: 200,
      },
      {
        summary: "A day with an open shift",
        as: "admin",
        parameters: { businessDate: "2026-01-16" },
        body: {},
        status: 409,
      },
      {
        summary: "A day without a shift",
        as: "admin",
        parameters: { businessDate: "1999-01-01" },
        body: {},
        status: 404,
      },
      { summary: "Not a date", as: "admin", parameters: { businessDate: "today" }, body: {}, status: 400 },
    ],
  },
};
