import { parseQueueId, type Terminal } from "@tillsync/engine";
import type { FastifyInstance } from "fastify";
import { readInput } from "../input.ts";
import { discard, historyPage, queueFilter, retry } from "../schemas.ts";

/** What waits, what was tried, and what people decide: requirement 002's queue and 001's log of attempts, page by page. */
export function queueRoutes(app: FastifyInstance, terminal: Terminal): void {
  app.get("/api/queue", (request, reply) => {
    const filter = readInput(queueFilter, request.query);
    if (filter.after !== undefined) parseQueueId(filter.after, "after");
    return reply.send(terminal.queue(filter));
  });

  app.post<{ Params: { id: string } }>("/api/queue/:id/retry", (request, reply) => {
    const { incarnation, seq } = parseQueueId(request.params.id);
    const { operator } = readInput(retry, request.body);
    const recorded = terminal.retryParked({ incarnation, seq, operator });
    return reply.code(recorded.duplicate ? 200 : 201).send(recorded);
  });

  app.post<{ Params: { id: string } }>("/api/queue/:id/discard", (request, reply) => {
    const { incarnation, seq } = parseQueueId(request.params.id);
    const recorded = terminal.discardParked({ incarnation, seq, ...readInput(discard, request.body) });
    return reply.code(recorded.duplicate ? 200 : 201).send(recorded);
  });

  app.get("/api/sync/history", (request, reply) => reply.send(terminal.history(readInput(historyPage, request.query))));
}
