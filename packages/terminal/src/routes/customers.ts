import type { Terminal } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { readInput } from "../input.ts";
import { onlyOne } from "../one-way.ts";
import { customerEdit, customerPlace, customerQuery } from "../schemas.ts";

const WAYS = ["phone", "prefix", "word"] as const;

type ById = FastifyRequest<{ Params: { id: string } }>;

/** Customers as this till has them, and its edits of them: at once, with a link or without. */
export function customerRoutes(app: FastifyInstance, terminal: Terminal): void {
  app.get("/api/records/customers", (request, reply) => {
    const question = readInput(customerQuery, request.query);
    onlyOne("Customers", WAYS, question);
    return reply.send({ customers: terminal.lookUp.customers(question) });
  });

  app.get("/api/records/customers/:id", (request: ById, reply) => {
    const { id } = readInput(customerPlace, request.params);
    const found = terminal.lookUp.customer(id);
    if (found === undefined)
      throw new SyncError("NOT_FOUND", "This till knows no customer with this id.", { field: "id", got: id });
    return reply.send(found);
  });

  app.put("/api/records/customers/:id", (request: ById, reply) => {
    const { id } = readInput(customerPlace, request.params);
    const recorded = terminal.editCustomer({ id, ...readInput(customerEdit, request.body) });
    return reply.code(recorded.duplicate ? 200 : 201).send(recorded);
  });
}
