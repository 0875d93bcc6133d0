import type { ExchangeRequest, ExchangeResponse } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import type pg from "pg";
import pino from "pino";
import { type AppOptions, createApp } from "../http/app.ts";
import type { Scope } from "../ingest/ports.ts";
import { postgresIngest } from "../ingest/postgres.ts";
import type { ExchangeContext } from "../ingest/prepare.ts";
import { sha256 } from "../ledger/sha256.ts";

export interface TestApp {
  readonly app: FastifyInstance;
  /** What reached ingest. */
  readonly exchanged: { readonly store: Scope; readonly request: ExchangeRequest }[];
  /** Lines of the log, as text. */
  readonly lines: string[];
  nowMs: number;
}

/** An answer of ingest: nothing happened. */
export const ANSWER: ExchangeResponse = {
  protocolVersion: 1,
  serverEpoch: "0198c0de-0000-4000-8000-00000000cafe",
  durableThrough: 0,
  chainHash: "0".repeat(64),
  backedUpThrough: 0,
  need: [],
  give: [],
  entries: [],
  cursor: "c",
  more: false,
  receiptCounter: null,
  serverTimeMs: 0,
  limits: { maxChangeBytes: 1, maxBatchChanges: 1, maxRequestBytes: 1 },
  pacing: { notBeforeMs: 0 },
};

/** The app with an ingest that only takes notes, a clock that stands still, and its log in memory. For tests. */
export function testApp(pool: pg.Pool, options: Partial<AppOptions> = {}): TestApp {
  const exchanged: TestApp["exchanged"] = [];
  const lines: string[] = [];
  let ids = 0;
  const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  const world = { exchanged, lines, nowMs: Date.UTC(2026, 0, 16) };
  const app = createApp({
    pool,
    log,
    surroundings: { wallMs: () => world.nowMs, monotonicMs: () => world.nowMs, newId: () => `id-${++ids}` },
    ingest: {
      exchange: (store, requests) =>
        requests.map(async (request) => {
          exchanged.push({ store, request });
          return ANSWER;
        }),
    },
    submitting: submittingTo(pool, () => world.nowMs),
    ...options,
  });
  return Object.assign(world, { app });
}

/** Real ingest of whole documents, which looks at the database only when something comes. */
function submittingTo(pool: pg.Pool, nowMs: () => number): ExchangeContext {
  const transaction: ExchangeContext["store"]["transaction"] = async (scope, fn) =>
    (await postgresIngest(pool)).transaction(scope, fn);
  return { store: { serverEpoch: ANSWER.serverEpoch, transaction }, sha256, nowMs };
}
