import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type pg from "pg";
import { watchReachable } from "../db/reachable.ts";

/** A balancer asks every few seconds; a database that takes longer than this cannot serve tills either. */
const DATABASE_TIMEOUT_MS = 2000;

/** Many monitors ask for nothing but the head. */
const HEAD_TOO = { exposeHeadRoute: true };

/** `/health/live`: this process answers. `/health` and `/health/ready`: and so does what it needs; 503 names what not. */
export function addHealthRoutes(app: FastifyInstance, pool: pg.Pool): void {
  const reachable = watchReachable(pool, DATABASE_TIMEOUT_MS);
  const ready = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header("cache-control", "no-store");
    if (await reachable()) return { status: "ok", parts: { database: "up" } };
    const refusal = new SyncError("UNAVAILABLE", "The central database does not answer.", { part: "database" });
    reply.code(refusal.status).header("retry-after", "1");
    return { status: "down", parts: { database: "down" }, ...refusal.toBody(request.id) };
  };
  app.get("/health", HEAD_TOO, ready);
  app.get("/health/ready", HEAD_TOO, ready);
  app.get("/health/live", HEAD_TOO, async (_request, reply) => {
    reply.header("cache-control", "no-store");
    return { status: "ok" };
  });
}
