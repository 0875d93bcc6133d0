import { localId, parseAs } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import type pg from "pg";
import { z } from "zod";
import { listTasks, resolveTask, TASK_KINDS, TASK_STATES } from "../tasks/tasks.ts";
import { callerOf } from "./access.ts";

const shortText = (max: number, what: string) =>
  z.string().regex(new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${max}}$`, "u"), what);

// Exported for the description of the API, which is made of what the routes read with.
export const taskQuery = z.strictObject({ state: z.enum(TASK_STATES).default("open") });
export const taskParameters = z.strictObject({ kind: z.enum(TASK_KINDS), subject: localId });
export const taskResolving = z.strictObject({
  /** Who settled it; whoever the key was made for when absent. */
  actor: shortText(64, "who settled it, 1 to 64 characters").optional(),
  reason: shortText(256, "how it was settled, 1 to 256 characters"),
});
const noQuery = z.strictObject({});

/** What people of a store have to settle, although everything counted: for head office and `tillsync tasks`. */
export function addTaskRoutes(app: FastifyInstance, pool: pg.Pool, wallMs: () => number): void {
  app.get("/api/admin/tasks", async (request) => {
    const { state } = parseAs(taskQuery, request.query);
    return { tasks: await listTasks(pool, callerOf(request), state) };
  });

  app.post("/api/admin/tasks/:kind/:subject/resolve", async (request) => {
    parseAs(noQuery, request.query);
    const caller = callerOf(request);
    const { actor = caller.name, reason } = parseAs(taskResolving, request.body);
    const { kind, subject } = parseAs(taskParameters, request.params);
    return resolveTask(pool, caller, { kind, subject, actor, reason, nowMs: wallMs() });
  });
}
