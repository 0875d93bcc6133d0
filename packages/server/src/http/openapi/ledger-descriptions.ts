import { hash, incarnationId, uuid } from "@tillsync/protocol";
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
import { digestQuery, ledgerParameters, ledgerQuery, repairBody } from "../admin-routes.ts";
import { INCARNATION, TERMINAL } from "./example-till.ts";
import { changeRow, parameters } from "./reading-descriptions.ts";

const count = (description: string): JsonSchema => ({ type: "integer", minimum: 0, description });
const textOrNull = (description: string): JsonSchema => nullable(text(description));
const seqs = (description: string): JsonSchema => listOf({ type: "integer", minimum: 1 }, description);

const life = {
  terminal: fromZod(uuid, "The terminal."),
  incarnation: fromZod(incarnationId, "One life of its database."),
  ordinal: { type: "integer", minimum: 1 },
  durableThrough: count("Every change of this life up to here is stored."),
  chainHash: fromZod(hash, "Hash of the last of them."),
};
const nextSeq = nullable({ type: "integer", description: "`fromSeq` of the next page; null when this is the last." });

export const LEDGER_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Ledger: object({
    ...life,
    changes: listOf(
      object({
        ...changeRow,
        intact: { type: "boolean", description: "True when the stored bytes, hashed just now, give this hash." },
        bytes: nullable(fromZod(hash, "Hash of the stored bytes without their place; null where none are left.")),
        private: {
          type: "string",
          enum: ["whole", "lost", "stray"],
          description:
            "Names and phone numbers: as the change says; lost, or not those that were hashed; or there, and none of this change.",
        },
        document: nullable(
          object(
            {
              entity: text("`order`, `transaction`, `inventory`, `shift` or `terminal`."),
              state: { type: "string", enum: ["open", "closed", "voided", "deleted", "recorded"] },
              receiptNumber: textOrNull("Its receipt."),
              businessDate: text("The day it counts for.", { format: "date" }),
              currency: textOrNull("ISO 4217."),
              totalMinor: nullable({ type: "integer", description: "Minor units." }),
            },
            "What this change made of its entity, where it is the latest to have done so.",
          ),
        ),
      }),
    ),
    nextSeq,
  }),
  Digests: object({
    ...life,
    ranges: listOf(
      object({
        fromSeq: { type: "integer", minimum: 1, description: "The first change of the range." },
        toSeq: { type: "integer", minimum: 1, description: "The last one." },
        rows: count("Changes that are there."),
        digest: fromZod(hash, "Over the place, hash and document of each of them."),
        flawed: count("Of them, those whose stored bytes, hashed just now, do not give their hash."),
        unapplied: count("Of them, those that were stored and not applied."),
      }),
    ),
    totals: listOf(
      object({
        kind: text("`order.closed`, `transaction.recorded` or `inventory.updated`."),
        currency: textOrNull("ISO 4217."),
        count: count("How many documents."),
        totalMinor: { type: "integer", description: "Their sum in minor units." },
      }),
      "What the documents of this page come to.",
    ),
    nextSeq,
  }),
  Marked: object({
    asked: seqs(
      "Without intact bytes, for which their till is asked with every answer, or without their private part.",
    ),
    restored: seqs("Their bytes were right, and what is kept beside them is so again."),
    intact: seqs("Nothing is wrong with them."),
  }),
};

const OF_TERMINAL = parameters("path", ledgerParameters, { terminal: "The terminal." });
const ALTERED = { terminal: TERMINAL, incarnation: INCARNATION };
const UNKNOWN = {
  summary: "A terminal that is not known",
  as: "admin",
  parameters: { terminal: "00000000-0000-4000-8000-000000000000" },
  status: 404,
} as const;

export const LEDGER_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /api/admin/terminals/:terminal/ledger": {
    operationId: "getLedger",
    tag: "Head office",
    summary: "Every stored change of one terminal, with its hash recomputed.",
    description: "Page by page: ask again from `nextSeq`. A till's own key reads that till.",
    parameters: [
      ...parameters("path", ledgerParameters, { terminal: "The terminal." }),
      ...parameters("query", ledgerQuery, {
        incarnation: "Which life of it; the newest when absent.",
        fromSeq: "The first change of the page.",
        limit: "Changes in the page at most; large ones make it shorter.",
        prevHash: "What the hash before `fromSeq` is known to be; the one that is stored when absent.",
      }),
    ],
    answers: { 200: { description: "One page.", schema: ref("Ledger") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT"],
    examples: [
      {
        summary: "The first change of a till",
        as: "admin",
        parameters: { terminal: TERMINAL, incarnation: INCARNATION, fromSeq: 1, limit: 1 },
        status: 200,
      },
      {
        summary: "A terminal that is not known",
        as: "admin",
        parameters: { terminal: "00000000-0000-4000-8000-000000000000" },
        status: 404,
      },
      { summary: "Not a terminal", as: "admin", parameters: { terminal: "T01" }, status: 400 },
    ],
  },
  "GET /api/admin/terminals/:terminal/digests": {
    operationId: "getDigests",
    tag: "Head office",
    summary: "What is stored of one terminal, as one digest for each thousand changes.",
    description:
      "Two sides with the same digest and no flawed row have the same changes there. `tillsync verify` asks for smaller ranges where they differ, and for rows where single ones do. Ask again from `nextSeq`. A till's own key reads that till.",
    parameters: [
      ...OF_TERMINAL,
      ...parameters("query", digestQuery, {
        incarnation: "Which life of it; the newest when absent.",
        fromSeq: "The first change to cover.",
        toSeq: "The last one; everything that is stored when absent.",
        size: "Changes in a range; ranges are aligned to it.",
      }),
    ],
    answers: { 200: { description: "One page.", schema: ref("Digests") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT"],
    examples: [
      { summary: "All of a till", as: "admin", parameters: ALTERED, status: 200 },
      {
        summary: "Its second change by itself",
        as: "admin",
        parameters: { ...ALTERED, fromSeq: 2, toSeq: 2, size: 1 },
        status: 200,
      },
      UNKNOWN,
      { summary: "A range that is too long", as: "admin", parameters: { ...ALTERED, size: 5000 }, status: 400 },
    ],
  },
  "POST /api/admin/terminals/:terminal/repair": {
    operationId: "markForRepair",
    tag: "Head office",
    summary: "Looks at changes that somebody found wrong here, and asks their till for those that are.",
    description:
      "Only a change whose own bytes do not fit the chain here is marked; what is asked for comes back with the till's next exchanges, and is taken only when it fits. A till's own key may ask for that till.",
    parameters: OF_TERMINAL,
    body: { schema: fromZod(repairBody), description: "The changes." },
    answers: { 200: { description: "What was found.", schema: ref("Marked") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT"],
    examples: [
      {
        summary: "Nothing is wrong with it",
        as: "admin",
        parameters: { terminal: TERMINAL },
        body: { incarnation: INCARNATION, seqs: [2] },
        status: 200,
      },
      {
        summary: "Not a terminal",
        as: "admin",
        parameters: { terminal: "T01" },
        body: { incarnation: INCARNATION, seqs: [2] },
        status: 400,
      },
    ],
  },
};
