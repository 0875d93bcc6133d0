import type { Recorded, Terminal } from "@tillsync/engine";
import type { FastifyInstance, FastifyReply } from "fastify";
import { readInput } from "../input.ts";
import { inventoryDraft, shiftClosing, shiftOpening, transactionDraft } from "../schemas.ts";

/** Everything recorded besides orders: transactions, stock movements and shifts. */
export function recordRoutes(app: FastifyInstance, terminal: Terminal): void {
  app.post("/api/transactions", (request, reply) =>
    sendRecorded(reply, terminal.recordTransaction(readInput(transactionDraft, request.body))),
  );

  app.post("/api/inventory", (request, reply) =>
    sendRecorded(reply, terminal.recordInventory(readInput(inventoryDraft, request.body))),
  );

  app.post("/api/shifts/open", (request, reply) => {
    const before = terminal.shift();
    const shift = terminal.openShift(readInput(shiftOpening, request.body));
    return reply.code(before?.localId === shift.localId ? 200 : 201).send({ shift });
  });

  app.post("/api/shifts/close", (request, reply) =>
    reply.send({ shift: terminal.closeShift(readInput(shiftClosing, request.body)) }),
  );

  app.get("/api/shifts/current", (_request, reply) => reply.send({ shift: terminal.shift() }));
}

function sendRecorded(reply: FastifyReply, recorded: Recorded): FastifyReply {
  return reply.code(recorded.duplicate ? 200 : 201).send(recorded);
}
