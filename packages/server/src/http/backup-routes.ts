import { parseAs } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import type pg from "pg";
import { z } from "zod";
import { completedByOperator } from "../backup/completed.ts";
import { callerOf } from "./access.ts";

// Exported for the description of the API, which is made of what the route reads with.
export const backupCompleted = z.union(
  [
    z.strictObject({ takenAt: z.iso.datetime({ offset: true }) }),
    z.strictObject({ lsn: z.string().regex(/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/) }),
  ],
  "takenAt (when the backup was begun, as 2026-01-16T02:00:00Z) or lsn (where its log begins, as 0/5000028)",
);
const noQuery = z.strictObject({});

/** Whoever backs the database up with tools of their own says that a backup is complete. */
export function addBackupRoutes(app: FastifyInstance, pool: pg.Pool, wallMs: () => number): void {
  app.post("/api/admin/backup-completed", async (request) => {
    parseAs(noQuery, request.query);
    const caller = callerOf(request);
    const body = parseAs(backupCompleted, request.body);
    const backup = "lsn" in body ? body : { takenAt: new Date(body.takenAt) };
    return completedByOperator(pool, [caller], { ...backup, actor: caller.name, nowMs: wallMs() });
  });
}
