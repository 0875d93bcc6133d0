import type { Terminal } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import { healthOf } from "../health.ts";
import { readInput } from "../input.ts";
import { nothing, rowsToRepair } from "../schemas.ts";

/** What the till knows about itself and its way to head office. */
export function statusRoutes(app: FastifyInstance, terminal: Terminal): void {
  app.get("/health", (_request, reply) => {
    const status = terminal.status();
    return reply.code(status.stopped ? 503 : 200).send(healthOf(status));
  });

  app.get("/api/status", (_request, reply) => reply.send(terminal.status()));

  app.post("/api/sync/now", async (request) => {
    readInput(nothing, request.body);
    return terminal.syncNow();
  });

  app.post("/api/sync/repair", (request, reply) => {
    terminal.repairRows(readInput(rowsToRepair, request.body));
    return reply.send({ accepted: true });
  });

  app.get<{ Params: { key: string } }>("/api/explain/:key", (request, reply) => {
    const { key } = request.params;
    const explanation = terminal.explain(key);
    if (explanation) return reply.send(explanation);
    throw new SyncError(
      "NOT_FOUND",
      `This till recorded nothing under ${JSON.stringify(key)}, neither as receipt number nor as localId.`,
    );
  });
}
