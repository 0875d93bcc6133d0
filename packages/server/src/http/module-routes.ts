import {
  isModule,
  MODULE_ORDER,
  type ModuleName,
  moduleCursor,
  parseAs,
  parseHave,
  rowId,
  SCOPES,
  SyncError,
} from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type pg from "pg";
import { z } from "zod";
import { inScope } from "../db/scope.ts";
import { readGateway } from "../modules/gateway.ts";
import { type Imported, importRows } from "../modules/import-rows.ts";
import { MAX_PAGE_ROWS, readPage } from "../modules/pages.ts";
import { placeOf } from "../modules/place.ts";
import { type SourceRecord, slicesOf } from "../modules/slices.ts";
import { csvRecords } from "../modules/source-csv.ts";
import { decoded, ndjsonRecords } from "../modules/source-lines.ts";
import { confirmState } from "../modules/state.ts";
import { callerOf } from "./access.ts";
import { DOOR } from "./door-limits.ts";
import { FairGate } from "./fair-gate.ts";
import { addRowParsers, RowStream } from "./import-body.ts";
import { shareOf, tooManyWait, whenOver } from "./limit-hooks.ts";

// Exported for the description of the API, which is made of what the routes read with.
const scope = z.enum(SCOPES, "organization or store");
const have = z.string().min(3).max(400);
export const gatewayQuery = z.strictObject({ have: z.union([have, z.array(have).max(100)]).optional() });
export const pageQuery = z
  .strictObject({
    scope,
    since: moduleCursor.optional(),
    after: z.string().min(1).max(400).optional(),
    limit: z
      .string()
      .regex(/^[1-9][0-9]{0,4}$/, `a whole number from 1 to ${MAX_PAGE_ROWS}`)
      .transform(Number)
      .refine((value) => value <= MAX_PAGE_ROWS, `a whole number from 1 to ${MAX_PAGE_ROWS}`)
      .meta({ type: "integer", minimum: 1, maximum: MAX_PAGE_ROWS })
      .optional(),
  })
  .refine(({ since, after }) => since !== undefined || after === undefined || rowId.safeParse(after).success, {
    path: ["after"],
    message: "the id of the row before the page",
  });
export const importQuery = z.strictObject({ scope: scope.default("organization") });
export const rowList = z.strictObject({ rows: z.array(z.record(z.string(), z.unknown())).max(10_000) });

type Params = { Params: { module: string } };

export interface ModuleDoors {
  readonly pool: pg.Pool;
  readonly wallMs: () => number;
  readonly modulesOf: (kind: string) => readonly ModuleName[];
}

/** Reference data: what tills read, and what head office brings. */
export function addModuleRoutes(app: FastifyInstance, doors: ModuleDoors): void {
  const { pool, modulesOf } = doors;
  addRowParsers(app);

  app.get("/api/sync/gateway", async (request) => {
    const { have: given = [] } = parseAs(gatewayQuery, request.query);
    const known = [given].flat().map(parseHave);
    return readGateway(
      pool,
      callerOf(request),
      known.filter((one) => one !== undefined),
      modulesOf,
    );
  });

  app.get<Params>("/api/sync/modules/:module", async (request, reply) => {
    const wanted = { module: moduleOf(request), ...parseAs(pageQuery, request.query) };
    const { header, lines } = await readPage(pool, callerOf(request), wanted, modulesOf);
    reply.header("content-type", "application/x-ndjson; charset=utf-8").header("cache-control", "no-store");
    return reply.send(`${JSON.stringify(header)}\n${lines}`);
  });

  addConfirmRoute(app, doors);
  const imports = new FairGate({
    maxRunning: DOOR.maxImporting,
    maxRunningPerShare: 1,
    maxWaiting: DOOR.maxWaitingImports,
    maxWaitingPerShare: DOOR.maxWaitingImports,
  });
  const config = { takesOwnTurn: true, takesRows: true };
  app.put<Params>("/api/admin/modules/:module", { config }, async (request, reply) => {
    const module = moduleOf(request);
    const { scope } = parseAs(importQuery, request.query);
    const leave = await imports.enter(shareOf(request), (giveUp) => whenOver(reply, giveUp));
    if (leave === undefined) throw tooManyWait();
    try {
      const imported = await importBody(request, doors, module, scope);
      // A file that changes nothing says as well that it holds.
      if (imported.inserted + imported.updated + imported.deleted === 0) await confirm(request, doors, module, scope);
      request.log.info({ module, scope, ...imported, actor: callerOf(request).name }, "import");
      return { module, scope, ...imported };
    } finally {
      leave();
    }
  });
}

/** Head office says that a module holds as it is: tills that kept a newer copy since the centre was restored take this one. */
function addConfirmRoute(app: FastifyInstance, doors: ModuleDoors): void {
  app.post<Params>("/api/admin/modules/:module/confirm", async (request) => {
    const module = moduleOf(request);
    const { scope } = parseAs(importQuery, request.query);
    await confirm(request, doors, module, scope);
    request.log.info({ module, scope, actor: callerOf(request).name }, "module confirmed");
    return { module, scope };
  });
}

function confirm(
  request: FastifyRequest,
  { pool }: ModuleDoors,
  module: ModuleName,
  scope: (typeof SCOPES)[number],
): Promise<void> {
  const place = placeOf(callerOf(request), module, scope);
  return inScope(pool, place, (client) => confirmState(client, place));
}

function importBody(
  request: FastifyRequest,
  { pool, wallMs }: ModuleDoors,
  module: ModuleName,
  scope: (typeof SCOPES)[number],
): Promise<Imported> {
  const caller = callerOf(request);
  const slices = slicesOf(module, recordsOf(request.body), DOOR.maxImportRows);
  return importRows(pool, placeOf(caller, module, scope), slices, { actor: caller.name, nowMs: wallMs() });
}

function recordsOf(body: unknown): AsyncIterable<SourceRecord> | Iterable<SourceRecord> {
  if (body instanceof RowStream) {
    const texts = decoded(body.pieces());
    return body.type === "text/csv" ? csvRecords(texts) : ndjsonRecords(texts);
  }
  const { rows } = parseAs(rowList, body);
  return rows.map((value, index) => ({ line: index + 1, value }));
}

function moduleOf({ params }: FastifyRequest<Params>): ModuleName {
  if (isModule(params.module)) return params.module;
  const expected = MODULE_ORDER.join(", ");
  throw new SyncError("NOT_FOUND", `There is no such module; there are ${expected}.`, { field: "module", expected });
}
