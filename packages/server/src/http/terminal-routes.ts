import { parseAs, shortId, uuid } from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type pg from "pg";
import { z } from "zod";
import { type By, listActs } from "../directory/acts.ts";
import { code } from "../directory/enroll.ts";
import {
  type Desk,
  enrollMachine,
  machineWanted,
  replaceMachine,
  terminalWanted,
} from "../directory/enroll-machine.ts";
import { changeAccess, MACHINE_ACCESS } from "../directory/machine-access.ts";
import { rename } from "../directory/rename.ts";
import { moveTerminal, retire } from "../directory/retire.ts";
import { listTerminals } from "../directory/terminals.ts";
import type { CentreKeys } from "../identity/centre-key.ts";
import { callerOf } from "./access.ts";

const line = (max: number, what: string) => z.string().regex(new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${max}}$`, "u"), what);

/** Who does it; whoever the key was made for when absent. */
const actor = line(64, "who does it, 1 to 64 characters").optional();
const reason = line(256, "why, 1 to 256 characters");

// Exported for the description of the API, which is made of what the routes read with.
export const terminalParameters = z.strictObject({ terminal: uuid });
export const actsQuery = z.strictObject({
  after: z
    .string()
    .regex(/^[1-9][0-9]{0,14}$/, "a whole number from 1")
    .transform(Number)
    .meta({ type: "integer", minimum: 1 })
    .optional(),
});
export const enrolBody = terminalWanted.extend({ actor, reason: reason.optional() });
export const replaceBody = machineWanted.extend({
  oldMachines: z.enum(["draining", "revoked"]).default("draining"),
  actor,
  reason,
});
export const renameBody = z.strictObject({ shortId, actor, reason });
export const moveBody = terminalWanted.extend({ store: code, atOnce: z.boolean().default(false), actor, reason });
export const retireBody = z.strictObject({ anyway: z.boolean().default(false), actor, reason });
export const accessBody = z.strictObject({
  access: z.enum(MACHINE_ACCESS),
  machine: z.int().min(1).optional(),
  actor,
  reason,
});
const noQuery = z.strictObject({});

interface TerminalDoors {
  readonly pool: pg.Pool;
  readonly centreKey: CentreKeys;
  readonly wallMs: () => number;
}

/** Terminals, the machines that speak for them, and what head office does with either. */
export function addTerminalRoutes(app: FastifyInstance, doors: TerminalDoors): void {
  const { pool, centreKey, wallMs } = doors;
  const deskOf = async (request: FastifyRequest): Promise<Desk> => {
    const { orgId, storeId } = callerOf(request);
    return { pool, centre: await centreKey(), scope: { orgId, storeId }, nowMs: wallMs() };
  };

  app.get("/api/admin/terminals", async (request) => {
    parseAs(noQuery, request.query);
    return { terminals: await listTerminals(pool, callerOf(request)) };
  });

  app.get("/api/admin/acts", async (request) => {
    const { after } = parseAs(actsQuery, request.query);
    return listActs(pool, callerOf(request), after);
  });

  app.post("/api/admin/terminals", async (request) => {
    const { actor, reason, ...wanted } = bodyOf(request, enrolBody);
    return enrollMachine(await deskOf(request), wanted, byOf(request, { actor, reason }));
  });

  app.post("/api/admin/terminals/:terminal/replace", async (request) => {
    const { actor, reason, ...wanted } = bodyOf(request, replaceBody);
    return replaceMachine(await deskOf(request), terminalOf(request), wanted, byOf(request, { actor, reason }));
  });

  app.post("/api/admin/terminals/:terminal/rename", async (request) => {
    const { actor, reason, shortId: name } = bodyOf(request, renameBody);
    return rename(await deskOf(request), terminalOf(request), name, byOf(request, { actor, reason }));
  });

  app.post("/api/admin/terminals/:terminal/move", async (request) => {
    const { actor, reason, ...wanted } = bodyOf(request, moveBody);
    return moveTerminal(await deskOf(request), terminalOf(request), wanted, byOf(request, { actor, reason }));
  });

  app.post("/api/admin/terminals/:terminal/retire", async (request) => {
    const { actor, reason, ...how } = bodyOf(request, retireBody);
    return retire(await deskOf(request), terminalOf(request), how, byOf(request, { actor, reason }));
  });

  app.post("/api/admin/terminals/:terminal/access", async (request) => {
    const { actor, reason, ...wanted } = bodyOf(request, accessBody);
    return changeAccess(await deskOf(request), terminalOf(request), wanted, byOf(request, { actor, reason }));
  });
}

function bodyOf<T>(request: FastifyRequest, schema: z.ZodType<T>): T {
  parseAs(noQuery, request.query);
  return parseAs(schema, request.body);
}

function terminalOf(request: FastifyRequest): string {
  return parseAs(terminalParameters, request.params).terminal;
}

function byOf(
  request: FastifyRequest,
  { actor, reason }: { actor?: string | undefined; reason?: string | undefined },
): By {
  return { actor: actor ?? callerOf(request).name, reason };
}
