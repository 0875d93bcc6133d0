import type { Terminal } from "@tillsync/engine";
import type { FastifyInstance } from "fastify";
import { readInput } from "../input.ts";
import { onlyOne } from "../one-way.ts";
import { itemQuery, lineQuery } from "../schemas.ts";

const WAYS = ["barcode", "id", "prefix", "word"] as const;

/** Reference data as this till has it: items with their prices, and how each module stands. Nobody outside is asked. */
export function itemRoutes(app: FastifyInstance, terminal: Terminal): void {
  app.get("/api/items", (request, reply) => {
    const question = readInput(itemQuery, request.query);
    onlyOne("Items", WAYS, question);
    return reply.send({ items: terminal.items.find(question) });
  });

  app.get("/api/items/line", (request, reply) => {
    const { code, quantity, ...options } = readInput(lineQuery, request.query);
    return reply.send({ line: terminal.items.lineFor(code, quantity, options) });
  });

  app.get("/api/modules", (_request, reply) => reply.send(terminal.modules()));
}
