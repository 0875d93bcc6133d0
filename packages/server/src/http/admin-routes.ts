import { incarnationId, parseAs, SyncError, uuid } from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type pg from "pg";
import { z } from "zod";
import type { Caller } from "../directory/authenticate.ts";
import { find } from "../ledger/find.ts";
import { MAX_LEDGER_ROWS, readLedger } from "../ledger/ledger.ts";
import { readOverview } from "../ledger/overview.ts";
import { readTotals } from "../ledger/totals.ts";
import { callerOf } from "./access.ts";

const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]{0,15}$/, "a whole number from 1")
    .transform(Number)
    .refine((value) => value <= max, `a whole number from 1 to ${max}`)
    .meta({ type: "integer", minimum: 1, maximum: max });

// Exported for the description of the API, which is made of what the routes read with.
export const ledgerParameters = z.strictObject({ terminal: uuid });
export const ledgerQuery = z.strictObject({
  incarnation: incarnationId.optional(),
  fromSeq: wholeNumber(Number.MAX_SAFE_INTEGER - MAX_LEDGER_ROWS).default(1),
  limit: wholeNumber(MAX_LEDGER_ROWS).default(1000),
});
/** Control characters and lone surrogates are in no receipt number, and PostgreSQL takes no NUL. */
export const findParameters = z.strictObject({
  key: z.string().regex(/^[^\p{Cc}\p{Cs}]{1,64}$/u, "a receipt number, localId or reference"),
});
const noQuery = z.strictObject({});

/** What people and `tillsync verify|explain|status` read. All of it stays within the key's store. */
export function addAdminRoutes(app: FastifyInstance, pool: pg.Pool, wallMs: () => number): void {
  app.get("/api/admin/overview", async (request) => {
    parseAs(noQuery, request.query);
    return readOverview(pool, callerOf(request), wallMs());
  });

  app.get("/api/admin/totals", async (request) => {
    parseAs(noQuery, request.query);
    return readTotals(pool, callerOf(request));
  });

  app.get("/api/admin/terminals/:terminal/ledger", async (request) => {
    const { terminal } = parseAs(ledgerParameters, request.params);
    const own = ownTerminal(request);
    if (own !== null && own !== terminal)
      throw new SyncError("NOT_FOUND", "The centre has nothing of this terminal and incarnation.");
    return readLedger(pool, callerOf(request), { terminal, ...parseAs(ledgerQuery, request.query) });
  });

  app.get("/api/admin/find/:key", async (request) => {
    parseAs(noQuery, request.query);
    const { key } = parseAs(findParameters, request.params);
    return find(pool, callerOf(request), { key, terminal: ownTerminal(request) });
  });
}

/** A terminal's key reads what that terminal sent; an admin's reads the store (null). */
function ownTerminal(request: FastifyRequest): string | null {
  const caller: Caller = callerOf(request);
  if (caller.role === "admin") return null;
  if (caller.terminal === null) throw new SyncError("NOT_FOUND", "This key belongs to no terminal.");
  return caller.terminal;
}
