import type { Terminal } from "@tillsync/engine";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { admit, checkListenSettings } from "./guard.ts";
import type { HeadOffice } from "./head-office.ts";
import { readJsonBodies } from "./json-body.ts";
import { checkHead, LISTENER, prepareServer } from "./listener.ts";
import { logEvents } from "./log-events.ts";
import { watchTerminal } from "./metrics.ts";
import { answerRefusals, type Log, refuseBytes, sendRefusal } from "./refusals.ts";
import { backupRoutes, type TillBackups } from "./routes/backups.ts";
import { conflictRoutes } from "./routes/conflicts.ts";
import { customerRoutes } from "./routes/customers.ts";
import { docsRoutes } from "./routes/docs.ts";
import { eventRoutes } from "./routes/events.ts";
import { itemRoutes } from "./routes/items.ts";
import { lookUpRoutes } from "./routes/look-ups.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { orderRoutes } from "./routes/orders.ts";
import { pageRoutes } from "./routes/pages.ts";
import { queueRoutes } from "./routes/queue.ts";
import { recordRoutes } from "./routes/records.ts";
import { resetRoutes, type TillReset } from "./routes/reset.ts";
import { shiftRoutes } from "./routes/shifts.ts";
import { statusRoutes } from "./routes/status.ts";
import { type Every, every as everyOfSystem, newCorrelationId, wallMs } from "./system/platform.ts";

export interface TerminalAppOptions {
  readonly terminal: Terminal;
  /** When set, every route but `/health`, `/light`, `/docs` and the page's files wants `Authorization: Bearer <key>`. */
  readonly key?: string | undefined;
  /** The address it will listen on; 127.0.0.1 when absent. */
  readonly host?: string | undefined;
  readonly log?: Log | undefined;
  /** Where the built page is, when not where the package `@tillsync/web` has it. */
  readonly page?: string | undefined;
  /** Where people's questions that only head office can answer go; without it the till answers from what it knows. */
  readonly headOffice?: HeadOffice | undefined;
  /** What takes backups; without it nobody is there to encrypt them for. */
  readonly backups?: TillBackups | undefined;
  /** What takes this till's data away; without it that is somebody else's business. */
  readonly reset?: TillReset | undefined;
  /** Tests hand in their own. */
  readonly every?: Every | undefined;
}

/**
 * The local HTTP API and pages of a till, not yet listening: for `startTerminalHttp`, and for tests by `inject`.
 *
 * @throws SyncError CONFIG_INVALID when `host` is not loopback and there is no key
 */
export function terminalApp(options: TerminalAppOptions): FastifyInstance {
  const { terminal, key, host = "127.0.0.1", log, every = everyOfSystem } = options;
  checkListenSettings(host, key);
  const app = Fastify({
    ...LISTENER,
    genReqId: (request) => correlationId(request.headers["x-correlation-id"]),
    clientErrorHandler: refuseBytes,
    frameworkErrors: (error, request, reply) => sendRefusal(error, request as FastifyRequest, reply, log),
  });
  prepareServer(app);
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers({
      "x-correlation-id": request.id,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
    checkHead(request);
    const { host: hostHeader, origin, authorization } = request.headers;
    admit({ host: hostHeader, origin, authorization, route: request.routeOptions.url }, { host, key });
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    // The pattern of the route, not its address: ids and reasons in addresses are nobody's business in a log.
    const route = request.routeOptions.url ?? "(none)";
    log?.debug(
      { correlationId: request.id, method: request.method, route, status: reply.statusCode, ms: reply.elapsedTime },
      "request",
    );
    done();
  });
  readJsonBodies(app);
  answerRefusals(app, log);
  orderRoutes(app, terminal);
  recordRoutes(app, terminal);
  shiftRoutes(app, terminal);
  statusRoutes(app, terminal);
  queueRoutes(app, terminal);
  itemRoutes(app, terminal);
  customerRoutes(app, terminal);
  lookUpRoutes(app, terminal);
  conflictRoutes(app, terminal, options.headOffice);
  backupRoutes(app, options.backups);
  resetRoutes(app, options.reset);
  metricsRoute(app, watchTerminal(terminal, wallMs));
  eventRoutes(app, terminal, every);
  pageRoutes(app, terminal, options.page);
  docsRoutes(app);
  if (log) app.addHook("onClose", onceClosed(logEvents(terminal, log)));
  return app;
}

function onceClosed(end: () => void): () => Promise<void> {
  return async () => end();
}

/** The caller's own id when it is a harmless one, so that its log and ours can be laid side by side. */
function correlationId(given: string | string[] | undefined): string {
  return typeof given === "string" && /^[A-Za-z0-9-]{8,64}$/.test(given) ? given : newCorrelationId();
}
