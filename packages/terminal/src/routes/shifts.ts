import type { Terminal } from "@tillsync/engine";
import type { FastifyInstance } from "fastify";
import { readInput } from "../input.ts";
import { cashMove, dayFilter, shiftClosing, shiftFilter, shiftOpening } from "../schemas.ts";

/** Shifts: opened, counted, closed and looked at, without head office. */
export function shiftRoutes(app: FastifyInstance, terminal: Terminal): void {
  app.post("/api/shifts/open", (request, reply) => {
    const before = terminal.shift();
    const shift = terminal.openShift(readInput(shiftOpening, request.body));
    return reply.code(before?.localId === shift.localId ? 200 : 201).send({ shift });
  });

  app.post("/api/shifts/close", (request, reply) => {
    const { report, duplicate, ...shift } = terminal.closeShift(readInput(shiftClosing, request.body));
    return reply.send({ shift, report, duplicate });
  });

  app.post("/api/shifts/cash", (request, reply) => {
    const recorded = terminal.recordCash(readInput(cashMove, request.body));
    return reply.code(recorded.duplicate ? 200 : 201).send(recorded);
  });

  app.get("/api/shifts", (request, reply) => {
    const { limit } = readInput(shiftFilter, request.query);
    return reply.send({ shifts: terminal.shifts(limit) });
  });

  app.get("/api/receipts", (request, reply) => {
    const { businessDate } = readInput(dayFilter, request.query);
    return reply.send({ series: terminal.receiptGaps(businessDate) });
  });

  app.get("/api/shifts/current", (_request, reply) =>
    reply.send({ shift: terminal.shift(), report: terminal.shiftReport() }),
  );
}
