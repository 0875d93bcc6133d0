import { LIMITS, SyncError } from "@tillsync/protocol";
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify, LogController } from "fastify";
import type pg from "pg";
import { authenticate, rememberCallers } from "../directory/authenticate.ts";
import { firstStore } from "../directory/first-store.ts";
import { guard, refuseUnlisted } from "./access.ts";
import { addAdminRoutes } from "./admin-routes.ts";
import { readJson } from "./body.ts";
import { answerBrokenRequest } from "./broken-request.ts";
import { compressAnswer } from "./compress.ts";
import { addExchangeRoute, type Exchanging } from "./exchange-route.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { addPageRoutes } from "./page-routes.ts";
import { answerRefusal } from "./refusal.ts";

/** A full batch over the slowest mobile link (2 KB/s); anything slower comes in smaller batches. */
const REQUEST_TIMEOUT_MS = 120_000;
/** Headers come in one packet; who drips them holds a socket for nothing (slowloris). */
const HEADERS_TIMEOUT_MS = 10_000;
/** Above the 60 s of common balancers, which have to be the ones that close an idle connection. */
const KEEP_ALIVE_MS = 65_000;
const CHECK_CONNECTIONS_MS = 5_000;
const CORRELATION_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** Time and chance, handed in so that no route has its own. */
export interface Surroundings {
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Milliseconds of a clock that never goes back. */
  monotonicMs(): number;
  /** A text nobody has had before, for correlation. */
  newId(): string;
}

export interface AppOptions {
  readonly ingest: Exchanging;
  readonly pool: pg.Pool;
  readonly log: FastifyBaseLogger;
  readonly surroundings: Surroundings;
  /** Lets a browser on this machine see the overview of the first store without a key. For the demo. */
  readonly openPages?: boolean;
}

/** The centre's HTTP doors, not yet listening. `docs/errors.md` has what they refuse. */
export function createApp(options: AppOptions): FastifyInstance {
  const { pool, surroundings } = options;
  const app = newInstance(options);
  app.decorateRequest("caller", null);
  app.setErrorHandler(answerRefusal);
  app.setNotFoundHandler((request, reply) =>
    answerRefusal(new SyncError("NOT_FOUND", "There is nothing at this address."), request, reply),
  );
  app.addHook("onRoute", refuseUnlisted);
  addHooks(app);
  const lookUp = rememberCallers(
    (key) => authenticate(pool, key),
    () => surroundings.monotonicMs(),
  );
  app.addHook("onRequest", guard(lookUp, options.openPages === true ? () => firstStore(pool) : undefined));

  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request: FastifyRequest, body: Buffer) =>
    readJson(body, request.headers["content-encoding"]),
  );
  addHealthRoutes(app, pool);
  addPageRoutes(app);
  addExchangeRoute(app, options.ingest);
  addAdminRoutes(app, pool, () => surroundings.wallMs());
  return app;
}

function newInstance({ log, surroundings }: AppOptions): FastifyInstance {
  return fastify({
    loggerInstance: log,
    // Our own line per request (below) has no address line, headers or body: those can hold keys and names.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: LIMITS.maxWireBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CHECK_CONNECTIONS_MS },
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    genReqId: ({ headers }) => {
      const given = headers["x-correlation-id"];
      return typeof given === "string" && CORRELATION_ID.test(given) ? given : surroundings.newId();
    },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => void answerRefusal(error, request, reply),
  });
}

function addHooks(app: FastifyInstance): void {
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
  });
  app.addHook("onRequest", async (request, reply) => {
    reply
      .header("x-correlation-id", request.id)
      .header("x-content-type-options", "nosniff")
      .header("referrer-policy", "no-referrer");
    if (!closing) return;
    reply.header("connection", "close");
    throw new SyncError("UNAVAILABLE", "This server is stopping; the next one answers.", { part: "server" });
  });
  app.addHook("preSerialization", async (_request, reply, payload) => {
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    return payload;
  });
  app.addHook("onSend", compressAnswer);
  app.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions } = request;
    const facts = { method, route: routeOptions.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    request.log.debug({ ...facts, actor: request.caller?.name }, "request");
  });
}
