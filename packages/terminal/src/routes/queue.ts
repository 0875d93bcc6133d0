import { parseQueueId, type Terminal } from "@tillsync/engine";
import type { FastifyInstance } from "fastify";
import { readInput } from "../input.ts";
import { historyPage, queueFilter } from "../schemas.ts";

/** What waits and what was tried: requirement 002's queue and 001's log of attempts, page by page. */
export function queueRoutes(app: FastifyInstance, terminal: Terminal): void {
  app.get("/api/queue", (request, reply) => {
    const filter = readInput(queueFilter, request.query);
    if (filter.after !== undefined) parseQueueId(filter.after, "after");
    return reply.send(terminal.queue(filter));
  });

  app.get("/api/sync/history", (request, reply) => reply.send(terminal.history(readInput(historyPage, request.query))));
}
