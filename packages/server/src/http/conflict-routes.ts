import { parseAs } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { listConflicts, readConflict } from "../conflicts/inbox.ts";
import { type ResolveContext, resolveConflict } from "../conflicts/resolve.ts";
import { callerOf } from "./access.ts";

/** Conflicts in one page at most. */
export const MAX_CONFLICTS = 200;

const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]{0,15}$/, "a whole number from 1")
    .transform(Number)
    .refine((value) => value <= max, `a whole number from 1 to ${max}`)
    .meta({ type: "integer", minimum: 1, maximum: max });
const shortText = (max: number, what: string) =>
  z.string().regex(new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${max}}$`, "u"), what);

// Exported for the description of the API, which is made of what the routes read with.
export const conflictQuery = z.strictObject({
  state: z.enum(["open", "resolved"], "open or resolved").optional(),
  limit: wholeNumber(MAX_CONFLICTS).default(50),
  after: wholeNumber(Number.MAX_SAFE_INTEGER).optional(),
});
export const conflictParameters = z.strictObject({ id: wholeNumber(Number.MAX_SAFE_INTEGER) });
export const conflictResolving = z.strictObject({
  keep: z.enum(["mine", "theirs", "merge"], "mine, theirs or merge"),
  fields: z.array(shortText(64, "the name of a field")).max(200).optional(),
  /** Who decides; whoever the key was made for when absent. */
  actor: shortText(64, "who decides it, 1 to 64 characters").optional(),
  reason: shortText(256, "why, 1 to 256 characters"),
});
const noQuery = z.strictObject({});

export interface ConflictDoors extends ResolveContext {
  /** How the centre decides conflicts of whole documents until a person does. */
  readonly documentsDecided: "SERVER_WINS" | "MANUAL";
}

/** What lost to another version in the key's store, and what people make of it. */
export function addConflictRoutes(app: FastifyInstance, doors: ConflictDoors): void {
  app.get("/api/conflicts", async (request) => {
    const { state, after, limit } = parseAs<z.output<typeof conflictQuery>>(conflictQuery, request.query);
    return listConflicts(doors.pool, callerOf(request), { state, after, limit }, doors.documentsDecided);
  });

  app.get("/api/conflicts/:id", async (request, reply) => {
    parseAs(noQuery, request.query);
    const { id } = parseAs(conflictParameters, request.params);
    const { localData, remoteData, ...record } = await readConflict(doors.pool, callerOf(request), id);
    const head = JSON.stringify(record).slice(0, -1);
    reply.header("content-type", "application/json; charset=utf-8").header("cache-control", "no-store");
    // Joined as text: numbers of a document stay as they were written.
    return reply.send(`${head},"localData":${localData},"remoteData":${remoteData}}`);
  });

  app.post("/api/conflicts/:id/resolve", async (request) => {
    parseAs(noQuery, request.query);
    const caller = callerOf(request);
    const { id } = parseAs(conflictParameters, request.params);
    const { keep, fields = [], actor = caller.name, reason } = parseAs(conflictResolving, request.body);
    return resolveConflict(doors, caller, { id, keep, fields, actor, reason });
  });
}
