import type { FastifyInstance } from "fastify";
import type { Metrics } from "./metrics.ts";

/**
 * `GET /metrics` for Prometheus and what reads its format. Added before the limits on running requests, so that it
 * answers while everything else is refused.
 */
export function addMetricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.get("/metrics", async (_request, reply) => {
    const text = await metrics.text();
    return reply.header("content-type", metrics.contentType).header("cache-control", "no-store").send(text);
  });
  app.addHook("onClose", async () => metrics.stop());
}
