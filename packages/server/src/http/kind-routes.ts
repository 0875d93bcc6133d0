import { parseAs, uuid } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import type pg from "pg";
import { z } from "zod";
import { type Kinds, listKinds, setKind } from "../modules/terminal-kinds.ts";
import { callerOf } from "./access.ts";

// Exported for the description of the API, which is made of what the routes read with.
export const kindParameters = z.strictObject({ terminal: uuid });
export const kindChoice = z.strictObject({
  kind: z.string().regex(/^[a-z][a-z-]{0,31}$/, "a kind such as retail: small letters and hyphens, 1 to 32"),
});
const noQuery = z.strictObject({});

/** Which kind the terminals of a store are, for head office and `tillsync kinds`. */
export function addKindRoutes(app: FastifyInstance, pool: pg.Pool, kinds: Kinds): void {
  app.get("/api/admin/kinds", async (request) => {
    parseAs(noQuery, request.query);
    return { terminals: await listKinds(pool, callerOf(request), kinds) };
  });

  app.put("/api/admin/terminals/:terminal/kind", async (request) => {
    parseAs(noQuery, request.query);
    const caller = callerOf(request);
    const { terminal } = parseAs(kindParameters, request.params);
    const { kind } = parseAs(kindChoice, request.body);
    const now = await setKind(pool, caller, { terminal, kind }, kinds);
    request.log.info({ terminal, kind, actor: caller.name }, "terminal is of another kind");
    return now;
  });
}
