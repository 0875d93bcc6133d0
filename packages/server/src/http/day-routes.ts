import { businessDate, localId, parseAs } from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type pg from "pg";
import { z } from "zod";
import { closeDay, readDay } from "../day/day.ts";
import { readShift } from "../settlement/read.ts";
import { callerOf } from "./access.ts";

// Exported for the description of the API, which is made of what the routes read with.
/** PostgreSQL's calendar has no year 0. */
export const dayParameters = z.strictObject({
  businessDate: businessDate.refine((date) => date >= "0001", "a date as YYYY-MM-DD, from 0001 on"),
});
const shortText = (max: number, what: string) =>
  z.string().regex(new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${max}}$`, "u"), what);
export const dayClosing = z.strictObject({
  /** Who closes it; whoever the key was made for when absent. */
  actor: shortText(64, "who closes it, 1 to 64 characters").optional(),
  reason: shortText(256, "why, 1 to 256 characters").optional(),
});
export const shiftParameters = z.strictObject({ shift: localId });
const noQuery = z.strictObject({});

/** A store's days and closed shifts, for people at head office and `tillsync day|settlement`. */
export function addDayRoutes(app: FastifyInstance, pool: pg.Pool, wallMs: () => number): void {
  app.get("/api/admin/days/:businessDate", async (request) => {
    parseAs(noQuery, request.query);
    return readDay(pool, callerOf(request), parseAs(dayParameters, request.params).businessDate);
  });

  app.post("/api/admin/days/:businessDate/close", async (request) => {
    parseAs(noQuery, request.query);
    const caller = callerOf(request);
    const { actor = caller.name, reason = null } = parseAs(dayClosing, request.body);
    const { businessDate } = parseAs(dayParameters, request.params);
    return closeDay(pool, caller, { businessDate, actor, reason, nowMs: wallMs() });
  });

  app.get("/api/admin/shifts/:shift/settlement", async (request) => {
    parseAs(noQuery, request.query);
    const { shift } = parseAs(shiftParameters, request.params);
    return readShift(pool, callerOf(request), { shift, terminal: ownTerminal(request) });
  });
}

/** A terminal's key reads what that terminal closed; an admin's reads the store. */
function ownTerminal(request: FastifyRequest): string | null {
  const { role, terminal } = callerOf(request);
  return role === "admin" ? null : terminal;
}
