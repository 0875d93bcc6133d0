import type { FastifyInstance } from "fastify";
import type { Metrics } from "../metrics.ts";

/** `/metrics` for Prometheus and what reads its format. On a till that listens wider it wants the key, as all else does. */
export function metricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.get("/metrics", async (_request, reply) => {
    const text = await metrics.text();
    return reply.header("content-type", metrics.contentType).send(text);
  });
  app.addHook("onClose", async () => metrics.stop());
}
