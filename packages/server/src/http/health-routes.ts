import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type pg from "pg";
import { watchReachable } from "../db/reachable.ts";
import type { UnsettledCounts } from "../ledger/unsettled.ts";

/** A balancer asks every few seconds; a database that takes longer than this cannot serve tills either. */
const DATABASE_TIMEOUT_MS = 2000;

/** Many monitors ask for nothing but the head. */
const HEAD_TOO = { exposeHeadRoute: true };

/** 001's parts that are no question: this process is the central API, and it runs no relay to Kafka. */
const OWN_PARTS = { centralApi: "up", kafka: "disabled", sync: "running" } as const;

/**
 * `/health/live`: this process answers. `/health/ready`: and so does what it needs; 503 names what not. `/health`: the
 * same with 001's parts, and what waits to be applied.
 */
export function addHealthRoutes(
  app: FastifyInstance,
  pool: pg.Pool,
  unsettled: () => Promise<UnsettledCounts | undefined>,
): void {
  const reachable = watchReachable(pool, DATABASE_TIMEOUT_MS);
  const down = (request: FastifyRequest, reply: FastifyReply) => {
    const refusal = new SyncError("UNAVAILABLE", "The central database does not answer.", { part: "database" });
    reply.code(refusal.status).header("retry-after", "1");
    return { status: "down", parts: { database: "down", ...OWN_PARTS }, ...refusal.toBody(request.id) };
  };
  app.get("/health", HEAD_TOO, async (request, reply) => {
    reply.header("cache-control", "no-store");
    if (!(await reachable())) return down(request, reply);
    const counts = await unsettled();
    return { status: "ok", parts: { database: "up", ...OWN_PARTS }, ...(counts ? { counts } : {}) };
  });
  app.get("/health/ready", HEAD_TOO, async (request, reply) => {
    reply.header("cache-control", "no-store");
    return (await reachable()) ? { status: "ok", parts: { database: "up", ...OWN_PARTS } } : down(request, reply);
  });
  app.get("/health/live", HEAD_TOO, async (_request, reply) => {
    reply.header("cache-control", "no-store");
    return { status: "ok" };
  });
}
