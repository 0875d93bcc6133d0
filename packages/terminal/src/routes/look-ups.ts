import type { Terminal } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { readInput } from "../input.ts";
import { offerQuery, rowPlace } from "../schemas.ts";

type ById = FastifyRequest<{ Params: { id: string } }>;

/** The rest of the reference data, as this till has it: offers, users and settings. Nobody outside is asked. */
export function lookUpRoutes(app: FastifyInstance, terminal: Terminal): void {
  const { lookUp } = terminal;
  app.get("/api/offers", (request, reply) =>
    reply.send({ offers: lookUp.offers(readInput(offerQuery, request.query)) }),
  );
  app.get("/api/users", (_request, reply) => reply.send({ users: lookUp.users() }));
  app.get("/api/users/:id", (request: ById, reply) => reply.send(known("user", idOf(request), lookUp.user)));
  app.get("/api/settings", (_request, reply) => reply.send({ settings: lookUp.settings() }));
  app.get("/api/settings/:id", (request: ById, reply) => reply.send(known("setting", idOf(request), lookUp.setting)));
}

function idOf(request: ById): string {
  return readInput(rowPlace, request.params).id;
}

function known<T>(what: string, id: string, find: (id: string) => T | undefined): T {
  const found = find(id);
  if (found !== undefined) return found;
  throw new SyncError("NOT_FOUND", `This till has no ${what} with this id.`, { field: "id", got: id });
}
