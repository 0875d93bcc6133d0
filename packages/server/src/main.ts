import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { type MergePolicy, SyncError } from "@tillsync/protocol";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type pg from "pg";
import { noteLogPosition } from "./backup/completed.ts";
import { codeOf, failureOf } from "./db/failure.ts";
import { ensureMonths, migrate } from "./db/migrate.ts";
import { openPool } from "./db/pool.ts";
import { LineageWatch } from "./epochs/lineage-watch.ts";
import { createApp, type Surroundings } from "./http/app.ts";
import type { Rates } from "./http/door-limits.ts";
import type { Exchanging } from "./http/exchange-route.ts";
import { postgresIngest } from "./ingest/postgres.ts";
import type { ExchangeContext } from "./ingest/prepare.ts";
import { sweepAll } from "./ingest/sweep-all.ts";
import { exchangeTogether } from "./ingest/together.ts";
import { sha256 } from "./ledger/sha256.ts";
import { type FeedsOfKinds, feedsOfKinds, type ModulesOfKinds } from "./modules/kinds.ts";
import { Merging } from "./records/merging.ts";
import { moduleRows } from "./records/module-rows.ts";
import { databasePlace, databaseUrlOf, POOL_SIZE } from "./settings.ts";
import { postgresSettlements } from "./settlement/postgres.ts";
import { SettlementSweep } from "./settlement/settle-all.ts";
import { Settling } from "./settlement/settling.ts";
import { TaskSweep } from "./tasks/find-tasks.ts";
import type { BackupLimits } from "./till-backups/till-backups.ts";

/** A service manager kills after 10 s or so; requests under way get most of it, then are cut: tills send again. */
const CLOSE_WITHIN_MS = 4000;
const POOL_END_WITHIN_MS = 500;
const SWEEP_EVERY_MS = 60_000;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface ServerOptions {
  /** Of a login that may act as the three roles of migration 1; see `migrate`. */
  readonly databaseUrl: string;
  readonly host: string;
  /** 0: any free one; `url` tells which. */
  readonly port: number;
  readonly log: FastifyBaseLogger;
  /** Bring the schema up to this release before serving (default true). */
  readonly autoMigrate?: boolean;
  /** Let browsers on this machine see the status page without a key (default false). For the demo. */
  readonly openPages?: boolean;
  /** Let devices of other makes on this machine sync without a key (`foreign.open`, default false). For the demo. */
  readonly openDevices?: boolean;
  /** Requests a second of one device and of one store (default 500 and 2000). */
  readonly rates?: Partial<Rates>;
  /** Modules of reference data that each kind of terminal gets, where not as usual (`DEFAULT_KINDS`). */
  readonly kinds?: ModulesOfKinds;
  /** What each kind of terminal is told of others at most, where not as usual (`DEFAULT_FEEDS`). */
  readonly feeds?: FeedsOfKinds;
  /** Addresses of proxies before this server, whose `x-forwarded-for` is believed (default none). */
  readonly trustedProxies?: readonly string[];
  /** How edits of customers are merged that did not see each other (default `per-field`). */
  readonly customerConflicts?: MergePolicy;
  /** How conflicts of whole documents stand until a person has looked at them (default `server-wins`; `manual` says that one has to). */
  readonly documentConflicts?: "server-wins" | "manual";
  /** The oldest release of terminals that may exchange (default any). */
  readonly minTerminalRelease?: string;
  /** Backups of each till that are kept, and how large one may be (default 7, 512 MiB). */
  readonly backups?: BackupLimits;
  /** Milliseconds that requests under way get when the server stops (default 4000). */
  readonly closeWithinMs?: number;
  /** A file outside the database in which to remember it: files of it that somebody put back are noticed at the start. */
  readonly witnessFile?: string;
}

export interface RunningServer {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly app: FastifyInstance;
  /** Stops listening, lets requests under way end, closes the connections. Takes less than 5 seconds. */
  close(): Promise<void>;
}

const surroundings: Surroundings = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  newId: () => randomUUID(),
};

/**
 * Starts a central server.
 *
 * @throws SyncError PORT_IN_USE, UNAVAILABLE (the database), CONFIG_INVALID: each one sentence that a person can act on
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const databaseUrl = databaseUrlOf(options.databaseUrl);
  const lineage = lineageOf(databaseUrl, options);
  const pool = openPool(databaseUrl, { max: POOL_SIZE, onConnect: lineage.watch.onConnect });
  try {
    if (options.autoMigrate !== false) await migrate(databaseUrl);
    await lineage.watch.look();
    await ensureMonths(pool, surroundings.wallMs());
    await warnIfNotDurable(pool, options.log);
    const { log } = options;
    const store = await postgresIngest(pool, () => lineage.watch.epoch);
    const context = { store, sha256, nowMs: surroundings.wallMs, feedOf: feedsOfKinds(options.feeds ?? {}) };
    const settlement = settlementOf(pool, context, log);
    const records = { rows: moduleRows, policy: options.customerConflicts ?? "per-field" };
    const merging = new Merging({ pool, nowMs: surroundings.wallMs, ...records }, (error) => {
      if (!pool.ending) log.warn({ code: codeOf(error) }, "edits of customers could not be merged; in a minute again");
    });
    const app = createApp({
      ingest: merging.around(settlement.settling.around(ingestOf(context))),
      records,
      documentsDecided: options.documentConflicts === "manual" ? "MANUAL" : "SERVER_WINS",
      submitting: context,
      pool,
      log,
      surroundings,
      ...doorsOf(options),
    });
    const url = await listen(app, options);
    const tasks = new TaskSweep(pool, surroundings.wallMs);
    const stopSweeps = startSweeps({
      daily: () => makeMonths(pool, log),
      each: () => sweep(pool, context, log),
      atOnceToo: [
        () => lineage.sweep(),
        () => settlement.sweep(),
        () => tasks.round().catch((error: unknown) => tellTasks(pool, log, error)),
        () => merging.sweep(),
      ],
    });
    let closed: Promise<void> | undefined;
    const close = () => {
      stopSweeps();
      void settlement.settling.stop();
      void merging.stop();
      closed ??= stop(app, [pool, lineage.pool], options.closeWithinMs ?? CLOSE_WITHIN_MS);
      return closed;
    };
    return { url, pool, app, close };
  } catch (error) {
    await endPool(pool);
    await endPool(lineage.pool);
    throw startFailure(error, databaseUrl);
  }
}

/** What of the options the doors are told. */
function doorsOf({ openPages, openDevices, rates, trustedProxies, kinds, feeds, ...rest }: ServerOptions) {
  const { minTerminalRelease, backups } = rest;
  return {
    openPages: openPages ?? false,
    openDevices: openDevices ?? false,
    rates: rates ?? {},
    trustedProxies: trustedProxies ?? [],
    kinds: kinds ?? {},
    feeds: feeds ?? {},
    ...(minTerminalRelease === undefined ? {} : { minTerminalRelease }),
    ...(backups === undefined ? {} : { backups }),
  };
}

interface Sweeps {
  readonly daily: () => void;
  /** Once a minute. */
  readonly each: () => void;
  /** As well, and at the start. */
  readonly atOnceToo: readonly (() => unknown)[];
}

/** What goes on without anybody asking. @returns ends it */
function startSweeps({ daily, each, atOnceToo }: Sweeps): () => void {
  const months = setInterval(daily, DAY_MS);
  const round = () => {
    for (const act of atOnceToo) void act();
  };
  const sweeps = setInterval(() => {
    each();
    round();
  }, SWEEP_EVERY_MS);
  round();
  months.unref();
  sweeps.unref();
  return () => {
    clearInterval(months);
    clearInterval(sweeps);
  };
}

/** Sees whether the database is still the one that it was, before anything is given a number in it. */
function lineageOf(databaseUrl: string, { log, witnessFile }: ServerOptions) {
  const pool = openPool(databaseUrl, { max: 1 });
  const onRenew = (why: string) =>
    log.warn(`the database was restored or replaced, and a new epoch begins (${why}): tills send again what it lost`);
  const onForgetful = (error: unknown) =>
    log.warn({ code: codeOf(error) }, "the witness file of the database could not be written; in a minute again");
  const watch = new LineageWatch({ pool, witnessFile, onRenew, onForgetful });
  const sweep = () => {
    const looked = watch.look().then(() => noteLogPosition(pool));
    looked.catch((error: unknown) => {
      if (!pool.ending)
        log.warn({ code: codeOf(error) }, "the life of the database could not be read; in a minute again");
    });
  };
  return { pool, watch, sweep };
}

function ingestOf(context: ExchangeContext): Exchanging {
  return { exchange: ({ orgId, storeId }, requests) => exchangeTogether(context, { orgId, storeId }, requests) };
}

/** Judges closed shifts: behind the exchange that brought them, and once a minute whatever was left. */
function settlementOf(pool: pg.Pool, ingest: ExchangeContext, log: FastifyBaseLogger) {
  const context = { ingest, settlements: postgresSettlements(pool) };
  const onFailure = (error: unknown) => {
    if (!pool.ending) log.warn({ code: codeOf(error) }, "closed shifts could not be judged; in a minute again");
  };
  const sweeps = new SettlementSweep(pool, context);
  return {
    settling: new Settling(context, onFailure),
    sweep: () => void sweeps.round().catch(onFailure),
  };
}

function tellTasks(pool: pg.Pool, log: FastifyBaseLogger, error: unknown): void {
  if (!pool.ending) log.warn({ code: codeOf(error) }, "the feed could not be searched for tasks; in a minute again");
}

/** What a crash left uninterpreted, of tills that do not call; a failure is told, and the next round tries again. */
function sweep(pool: pg.Pool, context: ExchangeContext, log: FastifyBaseLogger): void {
  sweepAll(pool, context).catch((error: unknown) => {
    log.warn({ code: codeOf(error) }, "changes left by a crash could not be interpreted; in a minute again");
  });
}

/** Partitions are a convenience: without them rows go to the default one, so a failure is told and not fatal. */
function makeMonths(pool: pg.Pool, log: FastifyBaseLogger): void {
  ensureMonths(pool, surroundings.wallMs()).catch((error: unknown) => {
    log.error({ code: codeOf(error) }, "the month partitions of change_body could not be made; tomorrow again");
  });
}

/** What `synchronous_commit` promises is worth nothing then, and no transaction of ours can change it. */
async function warnIfNotDurable(pool: pg.Pool, log: FastifyBaseLogger): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'",
  );
  for (const { name } of rows) {
    log.warn(`PostgreSQL runs with ${name} off: a power cut can lose sales that tills were told are safe`);
  }
}

async function listen(app: FastifyInstance, { host, port }: ServerOptions): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    await app.close();
    if (codeOf(error) === "EADDRINUSE") {
      const message = `Port ${port} on ${host} is in use by another program: stop that one, or choose another port.`;
      throw new SyncError("PORT_IN_USE", message, { field: "port", got: String(port) }, error);
    }
    if (codeOf(error) === "EACCES" || codeOf(error) === "EADDRNOTAVAIL" || codeOf(error) === "ENOTFOUND") {
      const message = `This machine does not let the server listen on ${host}, port ${port} (${codeOf(error)}).`;
      throw new SyncError("CONFIG_INVALID", message, { field: "host", got: `${host}:${port}` }, error);
    }
    throw error;
  }
}

function startFailure(error: unknown, databaseUrl: string): unknown {
  if (codeOf(error) === "42501") {
    const roles = "tillsync_migrator, tillsync_app and tillsync_relay";
    const message = `The login of DATABASE_URL may not make or use the roles ${roles}: a superuser has to create and grant them once.`;
    return new SyncError("CONFIG_INVALID", message, { field: "DATABASE_URL" }, error);
  }
  const failure = failureOf(error);
  if (failure === undefined) return error;
  const why = failure.message.replace(/^.*?: /, "");
  const message = `PostgreSQL at ${databasePlace(databaseUrl)} cannot be used: ${why}`;
  return new SyncError("UNAVAILABLE", message, { part: "database" }, error);
}

async function stop(app: FastifyInstance, pools: readonly pg.Pool[], limitMs: number): Promise<void> {
  const closed = app.close();
  await within(limitMs, closed);
  app.server.closeAllConnections();
  await closed;
  await Promise.all(pools.map(endPool));
}

/** A connection that no longer answers would keep `end` waiting; the process is going away in any case. */
async function endPool(pool: pg.Pool): Promise<void> {
  if (!pool.ending) await within(POOL_END_WITHIN_MS, pool.end());
}

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work, setTimeout(limitMs, undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}
