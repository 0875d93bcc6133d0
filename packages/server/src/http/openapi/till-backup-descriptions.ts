import { createHash } from "node:crypto";
import { fromZod, type JsonSchema, listOf, object, type RouteDescription, ref, text } from "@tillsync/protocol/openapi";
import { backupBody, backupParameters, MAX_PIECE_BYTES, pieceParameters, pieceQuery } from "../till-backup-routes.ts";
import { TERMINAL } from "./example-till.ts";
import { parameters } from "./reading-descriptions.ts";

const BYTES = Buffer.from("age-encryption.org/v1 and so on");
const SHA256 = createHash("sha256").update(BYTES).digest("hex");
const count = (description: string): JsonSchema => ({ type: "integer", minimum: 0, description });
const received = count("Bytes of it that are here, from its beginning: the next piece begins there.");
const whole: JsonSchema = { type: "boolean", description: "All of it is here and gave its hash." };
const terminal = { terminal: "The terminal's UUID." };
const example = {
  name: "T01-20260116T200000Z.till.age",
  bytes: BYTES.length,
  sha256: SHA256,
  takenAt: "2026-01-16T20:00:00.000Z",
};

export const TILL_BACKUP_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  BackupStanding: object({ received, whole }, "How much of a backup is here."),
  Backup: object(
    {
      name: text("File name that the till gave it."),
      bytes: count("Of the whole."),
      sha256: text("Of the whole: what it is known by."),
      takenAt: text("By the till's clock."),
      received,
      whole,
      wholeAt: { type: ["string", "null"], description: "By the centre's clock." },
    },
    "A backup of a till. The centre cannot read what is in it.",
  ),
};

export const TILL_BACKUP_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "PUT /api/backups/:terminal": {
    operationId: "putBackup",
    tag: "Tills",
    summary: "Brings a piece of a till's backup.",
    description: `Pieces of at most ${MAX_PIECE_BYTES} bytes come in order; one that came before, or comes too early, changes nothing. The answer says where to go on, so a lost answer, a restart of the till and an empty piece all end in the same question. With the last one the whole has to give its hash. Older backups than those that are kept then go; a new one takes the place of one that was not finished.`,
    parameters: parameters("path", backupParameters, terminal),
    body: { description: "What the whole is, and a piece of it.", schema: fromZod(backupBody) },
    answers: { 200: { description: "How much is here.", schema: ref("BackupStanding") } },
    refusals: ["INVALID_INPUT", "NOT_FOUND", "BACKUP_UNREADABLE"],
    examples: [
      {
        summary: "The first piece",
        as: "terminal",
        parameters: { terminal: TERMINAL },
        body: { ...example, offset: 0, piece: BYTES.subarray(0, 20).toString("base64") },
        status: 200,
      },
      {
        summary: "The last one",
        as: "terminal",
        parameters: { terminal: TERMINAL },
        body: { ...example, offset: 20, piece: BYTES.subarray(20).toString("base64") },
        status: 200,
      },
      {
        summary: "Other bytes than its hash says",
        as: "terminal",
        parameters: { terminal: TERMINAL },
        body: { ...example, bytes: 3, sha256: "0".repeat(64), offset: 0, piece: "YWJj" },
        status: 422,
      },
      {
        summary: "Not base64",
        as: "terminal",
        parameters: { terminal: TERMINAL },
        body: { ...example, offset: 0, piece: "?" },
        invalid: true,
        status: 400,
      },
    ],
  },
  "GET /api/backups/:terminal": {
    operationId: "listBackups",
    tag: "Tills",
    summary: "The backups of a till that are here, newest first.",
    parameters: parameters("path", backupParameters, terminal),
    answers: {
      200: {
        description: "Those that are whole, and one on its way.",
        schema: object({ backups: listOf(ref("Backup"), "Newest first.") }),
      },
    },
    refusals: ["INVALID_INPUT", "NOT_FOUND"],
    examples: [{ summary: "One", as: "terminal", parameters: { terminal: TERMINAL }, status: 200 }],
  },
  "GET /api/backups/:terminal/:sha256": {
    operationId: "getBackupPiece",
    tag: "Tills",
    summary: "A piece of a backup, for a machine that takes a till's place.",
    description: "Pieces as they came; go on at `next` until it is null, then compare the hash of the whole.",
    parameters: [
      ...parameters("path", pieceParameters, { ...terminal, sha256: "The backup's hash, as the list has it." }),
      ...parameters("query", pieceQuery, { offset: "Where the piece begins." }),
    ],
    answers: {
      200: {
        description: "The piece that begins there.",
        schema: object({
          bytes: count("Of the whole."),
          offset: count("Where this one begins."),
          piece: text("Base64."),
          next: { type: ["integer", "null"], description: "Where the next one begins." },
        }),
      },
    },
    refusals: ["INVALID_INPUT", "NOT_FOUND"],
    examples: [
      { summary: "The first piece", as: "terminal", parameters: { terminal: TERMINAL, sha256: SHA256 }, status: 200 },
      {
        summary: "Nothing begins there",
        as: "admin",
        parameters: { terminal: TERMINAL, sha256: SHA256, offset: 5 },
        status: 404,
      },
    ],
  },
};
