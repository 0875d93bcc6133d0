import type { Terminal } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import { readInput } from "../input.ts";
import { itemQuery, lineQuery } from "../schemas.ts";

const WAYS = ["barcode", "id", "prefix", "word"] as const;

/** Reference data as this till has it: items with their prices, and how each module stands. Nobody outside is asked. */
export function itemRoutes(app: FastifyInstance, terminal: Terminal): void {
  app.get("/api/items", (request, reply) => {
    const question = readInput(itemQuery, request.query);
    const ways = WAYS.filter((way) => question[way] !== undefined);
    if (ways.length !== 1) throw oneOf(ways);
    return reply.send({ items: terminal.items.find(question) });
  });

  app.get("/api/items/line", (request, reply) => {
    const { code, quantity, ...options } = readInput(lineQuery, request.query);
    return reply.send({ line: terminal.items.lineFor(code, quantity, options) });
  });

  app.get("/api/modules", (_request, reply) => reply.send(terminal.modules()));
}

function oneOf(ways: readonly string[]): SyncError {
  const expected = `exactly one of ${WAYS.join(", ")}`;
  const got = ways.length === 0 ? "none of them" : ways.join(" and ");
  return new SyncError("INVALID_INPUT", `Items are looked up by ${expected}; got ${got}.`, {
    ...{ field: ways[1] ?? WAYS[0], expected, got },
  });
}
