import { fromZod, type JsonSchema, object, type RouteDescription, ref, text } from "@tillsync/protocol/openapi";
import { backupCompleted } from "../backup-routes.ts";

export const BACKUP_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  BackupCompleted: object(
    {
      through: text("Everything received up to here counts as backed up: five minutes before the backup was begun.", {
        format: "date-time",
      }),
      lives: { type: "integer", minimum: 0, description: "Lives of terminals whose mark moved." },
      changes: { type: "integer", minimum: 0, description: "Changes that it moved past." },
    },
    "How far the store's tills may forget, 30 days after they sent it.",
  ),
};

export const BACKUP_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "POST /api/admin/backup-completed": {
    operationId: "completeBackup",
    tag: "Head office",
    summary: "Says that a backup of the database, made with tools of yours, is complete and was verified.",
    description:
      "Tills keep what they sent until it is backed up. The marks of the key's store move up to what surely is in the backup, and never back. `tillsync backup --server --completed` does it for all stores.",
    body: {
      description: "When the backup was begun, or where PostgreSQL's log was.",
      schema: fromZod(backupCompleted),
    },
    answers: { 200: { description: "How far.", schema: ref("BackupCompleted") } },
    refusals: ["INVALID_INPUT"],
    examples: [
      { summary: "Last night's", as: "admin", body: { takenAt: "2026-01-15T02:00:00Z" }, status: 200 },
      { summary: "A position that no server saw", as: "admin", body: { lsn: "0/1" }, status: 400 },
      { summary: "One that has not begun", as: "admin", body: { takenAt: "2999-01-01T00:00:00Z" }, status: 400 },
      { summary: "Neither", as: "admin", body: {}, invalid: true, status: 400 },
    ],
  },
};
