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
import { TASK_KINDS, TASK_STATES } from "../../tasks/tasks.ts";
import { taskParameters, taskQuery, taskResolving } from "../task-routes.ts";
import { parameters } from "./reading-descriptions.ts";

/** A task that the examples find: see the test beside them. */
export const EXAMPLE_TASK = {
  kind: "paid-twice",
  subject: "table-7",
  evidence: {
    state: "closed",
    receipts: ["T01-20260116-00041", "T02-20260116-00017"].map((receiptNumber, index) => ({
      ...{
        terminal: `1f0c3a5e-0000-4000-8000-00000000000${index}`,
        changeId: `01993b2c-0000-7000-8000-00000000000${index}`,
        receiptNumber,
        currency: "KES",
        totalMinor: 24_000,
      },
      tenders: [{ type: index === 0 ? "cash" : "card", amountMinor: 24_000 }],
    })),
  },
} as const;

export const TASK_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Task: object(
    {
      kind: {
        type: "string",
        enum: [...TASK_KINDS],
        description:
          "`paid-twice`: tills that did not hear of each other took money for one order. `paid-after-end`: one took money for an order that was given up. `refund-exceeds`: more was given back than was paid. `till-parted`: a till's database was copied, put back or lost, and went on in a new life. `receipt-twice`: one receipt number is on two sales.",
      },
      subject: text("The order's localId; of `till-parted` the life that began; of `receipt-twice` the number."),
      state: { type: "string", enum: [...TASK_STATES] },
      evidence: {
        type: "object",
        description:
          "The receipts with what was paid for each; or the sale, its refunds and their sum. Of `till-parted`: the terminal, the last place (`parted`) that both histories share, the life that was `kept` and whether another copy goes on in it (`goesOn`), and the one that `began`. Of `receipt-twice`: the sales.",
      },
      createdAt: text("When the centre found it.", { format: "date-time" }),
      resolvedAt: nullable(text("When it was settled.", { format: "date-time" })),
      resolvedBy: nullable(text("Who settled it.")),
      reason: nullable(text("How.")),
    },
    "Something that happened and counts, and that a person has to settle.",
  ),
};

export const TASK_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /api/admin/tasks": {
    operationId: "listTasks",
    tag: "Head office",
    summary:
      "What people have to settle: orders paid twice, refunds above what was paid, copied tills, receipt numbers given twice.",
    description:
      "The newest 500. The centre finds them within a minute of the documents. Nothing waits for them: both receipts stand, and both tenders count in their drawers.",
    parameters: parameters("query", taskQuery, { state: "`open` when absent." }),
    answers: { 200: { description: "Newest first.", schema: object({ tasks: listOf(ref("Task")) }) } },
    refusals: ["INVALID_INPUT"],
    examples: [
      { summary: "What is open", as: "admin", status: 200 },
      { summary: "Not a state", as: "admin", parameters: { state: "done" }, status: 400 },
    ],
  },
  "POST /api/admin/tasks/:kind/:subject/resolve": {
    operationId: "resolveTask",
    tag: "Head office",
    summary: "Notes that a person has settled it.",
    description: "Again, nothing changes. It is open again when more comes for the same order.",
    parameters: parameters("path", taskParameters, { kind: "As in the list.", subject: "As in the list." }),
    body: { description: "Who and how.", schema: fromZod(taskResolving) },
    answers: { 200: { description: "The task.", schema: ref("Task") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT"],
    examples: [
      {
        summary: "The card was paid back",
        as: "admin",
        parameters: { kind: EXAMPLE_TASK.kind, subject: EXAMPLE_TASK.subject },
        body: { actor: "Wanjiru", reason: "24,000 paid back to the card" },
        status: 200,
      },
      {
        summary: "One that is not there",
        as: "admin",
        parameters: { kind: "refund-exceeds", subject: "table-7" },
        body: { reason: "none" },
        status: 404,
      },
      {
        summary: "Without how",
        as: "admin",
        parameters: { kind: EXAMPLE_TASK.kind, subject: EXAMPLE_TASK.subject },
        body: {},
        invalid: true,
        status: 400,
      },
    ],
  },
};
