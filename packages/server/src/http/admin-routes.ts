import { hash, incarnationId, LIMITS, parseAs, RANGE_CHANGES, SyncError, seq, uuid } from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type pg from "pg";
import { z } from "zod";
import type { Caller } from "../directory/authenticate.ts";
import { readDigests } from "../ledger/digests.ts";
import { find } from "../ledger/find.ts";
import { MAX_LEDGER_ROWS, readLedger } from "../ledger/ledger.ts";
import { readOverview } from "../ledger/overview.ts";
import { sha256 } from "../ledger/sha256.ts";
import { readTotals } from "../ledger/totals.ts";
import { markRows, postgresSettlements } from "../settlement/index.ts";
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
  prevHash: hash.optional(),
});
export const digestQuery = z.strictObject({
  incarnation: incarnationId.optional(),
  fromSeq: wholeNumber(Number.MAX_SAFE_INTEGER - RANGE_CHANGES).default(1),
  toSeq: wholeNumber(Number.MAX_SAFE_INTEGER - RANGE_CHANGES).optional(),
  size: wholeNumber(RANGE_CHANGES).default(RANGE_CHANGES),
});
/** As many as one exchange can bring back. */
export const repairBody = z.strictObject({
  incarnation: incarnationId,
  seqs: z.array(seq).min(1).max(LIMITS.maxRepairs),
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

  addLedgerRoutes(app, pool, wallMs);

  app.get("/api/admin/find/:key", async (request) => {
    parseAs(noQuery, request.query);
    const { key } = parseAs(findParameters, request.params);
    return find(pool, callerOf(request), { key, terminal: ownTerminal(request) });
  });
}

function addLedgerRoutes(app: FastifyInstance, pool: pg.Pool, wallMs: () => number): void {
  app.get("/api/admin/terminals/:terminal/ledger", async (request) => {
    const terminal = askedTerminal(request);
    return readLedger(pool, callerOf(request), { terminal, ...parseAs(ledgerQuery, request.query) });
  });

  app.get("/api/admin/terminals/:terminal/digests", async (request) => {
    const terminal = askedTerminal(request);
    return readDigests(pool, callerOf(request), { terminal, ...parseAs(digestQuery, request.query) });
  });

  const settlements = postgresSettlements(pool);
  app.post("/api/admin/terminals/:terminal/repair", async (request) => {
    const terminal = askedTerminal(request);
    parseAs(noQuery, request.query);
    const { incarnation, seqs } = parseAs(repairBody, request.body);
    const life = { terminal, incarnation };
    const inOrder = [...new Set(seqs)].sort((one, other) => one - other);
    return markRows({ settlements, sha256 }, callerOf(request), { life, seqs: inOrder, nowMs: wallMs() });
  });
}

/** The terminal in the address. @throws SyncError NOT_FOUND for that of somebody else */
function askedTerminal(request: FastifyRequest): string {
  const { terminal } = parseAs(ledgerParameters, request.params);
  const own = ownTerminal(request);
  if (own === null || own === terminal) return terminal;
  throw new SyncError("NOT_FOUND", "The centre has nothing of this terminal and incarnation.");
}

/** A terminal's key reads what that terminal sent; an admin's reads the store (null). */
function ownTerminal(request: FastifyRequest): string | null {
  const caller: Caller = callerOf(request);
  if (caller.role === "admin") return null;
  if (caller.terminal === null) throw new SyncError("NOT_FOUND", "This key belongs to no terminal.");
  return caller.terminal;
}
