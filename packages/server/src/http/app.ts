import { SyncError } from "@tillsync/protocol";
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify, LogController } from "fastify";
import type pg from "pg";
import { authenticator, findCaller, rememberCallers } from "../directory/authenticate.ts";
import { rememberDevices } from "../directory/devices.ts";
import { firstStore } from "../directory/first-store.ts";
import { rememberCentreKey } from "../identity/centre-key.ts";
import { rememberTokens } from "../identity/token.ts";
import type { ExchangeContext } from "../ingest/prepare.ts";
import { watchUnsettled } from "../ledger/unsettled.ts";
import { type FeedsOfKinds, feedsOfKinds, type ModulesOfKinds, modulesOfKinds } from "../modules/kinds.ts";
import { moduleRows } from "../records/module-rows.ts";
import type { RecordContext } from "../records/writer.ts";
import { type BackupLimits, DEFAULT_BACKUP_LIMITS } from "../till-backups/till-backups.ts";
import { guard, type OpenDoors, refuseUnlisted } from "./access.ts";
import { addAdminRoutes } from "./admin-routes.ts";
import { addBackupRoutes } from "./backup-routes.ts";
import { answerBrokenRequest } from "./broken-request.ts";
import { compressAnswer } from "./compress.ts";
import { addConflictRoutes } from "./conflict-routes.ts";
import { addDayRoutes } from "./day-routes.ts";
import { addDeviceRoutes } from "./device-routes.ts";
import { addDocsRoutes } from "./docs-routes.ts";
import { addDocumentRoutes } from "./document-routes.ts";
import { DEFAULT_RATES, type Rates } from "./door-limits.ts";
import { addExchangeRoute, type Exchanging } from "./exchange-route.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { addInventoryEventRoute } from "./inventory-event-route.ts";
import { readBody } from "./kept-json.ts";
import { addKindRoutes } from "./kind-routes.ts";
import { addLimits } from "./limit-hooks.ts";
import { checkHead, LISTENER, prepareServer } from "./listener.ts";
import { centreMetrics } from "./metrics.ts";
import { addMetricsRoute } from "./metrics-route.ts";
import { addModuleRoutes } from "./module-routes.ts";
import { addPageRoutes } from "./page-routes.ts";
import { answerRefusal } from "./refusal.ts";
import { inTurn, limitStrangers } from "./strangers.ts";
import { addTaskRoutes } from "./task-routes.ts";
import { addTerminalRoutes } from "./terminal-routes.ts";
import { addTillBackupRoutes } from "./till-backup-routes.ts";
import { addTokenRoute } from "./token-route.ts";

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
  /** Where whole documents of devices and of head office go. */
  readonly submitting: ExchangeContext;
  /** Lets a browser on this machine see the overview of the first store without a key. For the demo. */
  readonly openPages?: boolean;
  /** Lets devices on this machine speak for the first store without a key (`foreign.open`). For the demo. */
  readonly openDevices?: boolean;
  /** Requests a second; the defaults are made for catching up, not for saving. */
  readonly rates?: Partial<Rates>;
  /** Modules of reference data that each kind of terminal gets, where not as `DEFAULT_KINDS` says. */
  readonly kinds?: ModulesOfKinds;
  /** What each kind of terminal is told of others at most, where not as `DEFAULT_FEEDS` says; `submitting.feedOf` tells by it. */
  readonly feeds?: FeedsOfKinds;
  /** Addresses of proxies whose `x-forwarded-for` is believed when strangers are counted by address. */
  readonly trustedProxies?: readonly string[];
  /** Where customers edited on tills become the organization's. */
  readonly records?: Pick<RecordContext, "rows" | "policy">;
  /** Terminals of an earlier release have to be updated before they can exchange. */
  readonly minTerminalRelease?: string;
  /** What is kept of tills' backups. */
  readonly backups?: BackupLimits;
  /** How the centre decides conflicts of whole documents until a person does (default SERVER_WINS). */
  readonly documentsDecided?: "SERVER_WINS" | "MANUAL";
}

/** The centre's HTTP doors, not yet listening. `docs/errors.md` has what they refuse. */
export function createApp(options: AppOptions): FastifyInstance {
  const { pool, surroundings } = options;
  const app = newInstance(options);
  app.decorateRequest("caller", null);
  app.decorateReply("refusedWith", null);
  app.setErrorHandler(answerRefusal);
  app.setNotFoundHandler((request, reply) =>
    answerRefusal(new SyncError("NOT_FOUND", "There is nothing at this address."), request, reply),
  );
  app.addHook("onRoute", refuseUnlisted);
  addHooks(app);
  const monotonicMs = () => surroundings.monotonicMs();
  prepareServer(app);
  const wallMs = () => surroundings.wallMs();
  const centreKey = rememberCentreKey(pool, wallMs);
  const find = rememberCallers(
    inTurn((hash: string) => findCaller(pool, hash)),
    monotonicMs,
  );
  const strangers = limitStrangers(app, monotonicMs);
  app.addHook("onRequest", strangers.before);
  app.addHook("onRequest", guard(authenticator(find, rememberTokens(centreKey, wallMs)), openDoors(options)));
  app.addHook("onRequest", strangers.after);
  const unsettled = watchUnsettled(pool, monotonicMs);
  const metrics = centreMetrics(pool, unsettled);
  addMetricsRoute(app, metrics);
  addLimits(app, { rates: { ...DEFAULT_RATES, ...options.rates }, monotonicMs });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request: FastifyRequest, bytes: Buffer) =>
    readBody(request, bytes),
  );
  app.addHook("onResponse", async (_request, { refusedWith }) => {
    if (refusedWith !== null) metrics.refused(refusedWith);
  });
  addHealthRoutes(app, pool, unsettled);
  addPageRoutes(app);
  addDocsRoutes(app);
  addTokenRoute(app, { pool, centreKey, wallMs }, strangers.guess);
  addTerminalRoutes(app, { pool, centreKey, wallMs });
  addExchangeRoute(app, options.ingest, metrics, options.minTerminalRelease);
  const devices = rememberDevices(pool, wallMs);
  const doors = { ingest: options.submitting, pool, devices, metrics };
  addDeviceRoutes(app, doors);
  addInventoryEventRoute(app, doors);
  addDocumentRoutes(app, doors);
  addAdminRoutes(app, pool, wallMs);
  addBackupRoutes(app, pool, wallMs);
  addDayRoutes(app, pool, wallMs);
  const modulesOf = modulesOfKinds(options.kinds);
  addModuleRoutes(app, { pool, wallMs, modulesOf });
  addKindRoutes(app, pool, { modulesOf, feedOf: feedsOfKinds(options.feeds) });
  addTaskRoutes(app, pool, wallMs);
  addTillBackupRoutes(app, { pool, wallMs, limits: options.backups ?? DEFAULT_BACKUP_LIMITS });
  const { records = { rows: moduleRows, policy: "per-field" }, documentsDecided = "SERVER_WINS" } = options;
  const merging = { pool, nowMs: options.submitting.nowMs, ...records };
  addConflictRoutes(app, { pool, ingest: options.submitting, devices, records: merging, documentsDecided });
  return app;
}

function openDoors({ pool, openPages, openDevices }: AppOptions): OpenDoors {
  return {
    pages: openPages === true ? () => firstStore(pool) : undefined,
    devices:
      openDevices === true
        ? async () => ({ ...(await firstStore(pool)), role: "foreign", name: "foreign.open" })
        : undefined,
  };
}

function newInstance({ log, surroundings, trustedProxies = [] }: AppOptions): FastifyInstance {
  return fastify({
    loggerInstance: log,
    // Our own line per request (below) has no address line, headers or body: those can hold keys and names.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "correlationId" }),
    ...LISTENER,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
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
  app.addHook("onRequest", checkHead);
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
