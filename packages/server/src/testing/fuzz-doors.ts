import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { canonicalText, type ExchangeRequest, LIMITS } from "@tillsync/protocol";
import {
  type FuzzFigures,
  FuzzTally,
  type HostileRequest,
  hostileRequest,
  Mutator,
  readGolden,
} from "@tillsync/protocol/testing";
import type { FastifyInstance, InjectOptions } from "fastify";
import pino from "pino";
import { type Enrolled, enroll } from "../directory/enroll.ts";
import { ACCESS } from "../http/access.ts";
import { createApp } from "../http/app.ts";
import { exchange } from "../ingest/exchange.ts";
import { postgresIngest } from "../ingest/postgres.ts";
import { exchangeTogether } from "../ingest/together.ts";
import { sha256 } from "../ledger/sha256.ts";
import { examplesOf, exchangeExample } from "./fuzz-examples.ts";
import { migratedDatabase } from "./migrated-database.ts";
import { SampleLife } from "./sample-life.ts";

const PLACE = { org: "demo", store: "main", currency: "KES" } as const;
const NOW_MS = Date.UTC(2026, 0, 16, 12);
/** Requests under way at a time: enough for the gate and the pool to be used, few enough for one process of two cores. */
const AT_A_TIME = 12;
/** Lives of tills that send changes whose content is hostile and whose chain is right. */
const MAX_CHANGES = 6;

export interface DoorKeys {
  readonly terminal: Enrolled;
  readonly foreign: Enrolled;
  readonly admin: Enrolled;
}

/** Enrols one caller of each role. */
export async function doorKeys(pool: Parameters<typeof enroll>[0]): Promise<DoorKeys> {
  return {
    terminal: await enroll(pool, { ...PLACE, role: "terminal", name: "T01", terminal: { shortId: "T01" } }, 0),
    foreign: await enroll(pool, { ...PLACE, role: "foreign", name: "devices" }, 0),
    admin: await enroll(pool, { ...PLACE, role: "admin", name: "head office" }, 0),
  };
}

/** A hostile request for a route out of `ACCESS`. */
export function serverRequest(mutator: Mutator, keys: DoorKeys): HostileRequest & { readonly route: string } {
  const { chance } = mutator;
  const routes = Object.keys(ACCESS);
  const posts = routes.filter((route) => !route.startsWith("GET"));
  const route = chance.oneIn(3) ? chance.pick(routes) : chance.pick(posts);
  const access = ACCESS[route] ?? "anyone";
  const key = access === "anyone" ? undefined : keys[chance.pick(access)].key;
  const example = chance.pick(examplesOf(route));
  if (route === "POST /api/sync/exchange") {
    const body = chance.oneIn(2)
      ? exchangeExample(keys.terminal.terminal ?? "")
      : hostileLife(mutator, keys.terminal.terminal ?? "");
    return { route, ...hostileRequest(mutator, { route, example: { body }, key, packs: true }) };
  }
  return { route, ...hostileRequest(mutator, { route, example, key, packs: true }) };
}

/** Changes with hostile content, in a chain that is right: whatever they say, they have to be stored. */
export function hostileLife(mutator: Mutator, terminal: string): ExchangeRequest {
  const { chance } = mutator;
  const incarnation = Array.from({ length: 16 }, () => chance.below(16).toString(16)).join("");
  const life = new SampleLife(terminal, incarnation);
  const bodies = readGolden().map(({ body }) => body);
  for (let count = 1 + chance.below(MAX_CHANGES); count > 0; count--) {
    const example = JSON.parse(chance.pick(bodies)) as unknown;
    const text = mutator.json(example).toString("utf8").toWellFormed().slice(0, LIMITS.maxChangeBytes);
    life.add(chance.oneIn(2) ? canonicalIfPossible(text) : text);
  }
  return life.request();
}

/** Most tills write what is canonical; only that gets past the first reader of a change. */
function canonicalIfPossible(text: string): string {
  try {
    return canonicalText(JSON.parse(text));
  } catch {
    return text;
  }
}

/** The whole centre on a real PostgreSQL, asked in process. */
export async function fuzzServer({ seed, inputs }: { seed: number; inputs: number }): Promise<FuzzFigures> {
  const database = await migratedDatabase();
  try {
    const { pool } = database;
    const context = { store: await postgresIngest(pool), sha256, nowMs: () => NOW_MS };
    let ids = 0;
    const app = createApp({
      ingest: { exchange: (store, requests) => exchangeTogether(context, store, requests) },
      submitting: context,
      pool,
      log: pino({ level: "silent" }),
      surroundings: { wallMs: () => NOW_MS, monotonicMs: () => performance.now(), newId: () => `id-${++ids}` },
      rates: { perDevice: 1_000_000, perStore: 1_000_000 },
    });
    const keys = await doorKeys(pool);
    const mutator = new Mutator(seed);
    const tally = new FuzzTally();
    let asked = 0;
    const worker = async () => {
      while (asked < inputs) {
        asked += 1;
        const request = serverRequest(mutator, keys);
        await askOnce(app, request, tally);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    await app.close();
    return tally.figures;
  } finally {
    await database.drop();
  }
}

/** Changes with hostile content in a right chain, sent to ingest itself: all of them have to be stored (I10). */
export async function fuzzContents({ seed, inputs }: { seed: number; inputs: number }): Promise<FuzzFigures> {
  const database = await migratedDatabase();
  try {
    const { pool } = database;
    const context = { store: await postgresIngest(pool), sha256, nowMs: () => NOW_MS };
    const { orgId, storeId, terminal } = (await doorKeys(pool)).terminal;
    const mutator = new Mutator(seed);
    const tally = new FuzzTally();
    while (tally.figures.inputs < inputs) {
      const request = hostileLife(mutator, terminal ?? "");
      const text = JSON.stringify(request);
      await tally.readLater("a hostile life", text, async () => {
        const { durableThrough } = await exchange(context, { orgId, storeId }, request);
        if (durableThrough !== request.changes.length) throw new Error(`stored ${durableThrough} of them only`);
      });
    }
    return tally.figures;
  } finally {
    await database.drop();
  }
}

async function askOnce(
  app: FastifyInstance,
  request: HostileRequest & { readonly route: string },
  tally: FuzzTally,
): Promise<void> {
  const { route, body, method, url, headers } = request;
  const what = `${route} as ${method} ${url.slice(0, 200)} ${JSON.stringify(headers).slice(0, 300)}`;
  try {
    const answer = await app.inject({
      method: method as NonNullable<InjectOptions["method"]>,
      url,
      headers,
      ...(body === undefined ? {} : { payload: body }),
    });
    // A HEAD has no body, whatever its status says.
    const text =
      method === "HEAD" && answer.statusCode < 500
        ? HEAD_BODY
        : plainText(answer.rawPayload, answer.headers["content-encoding"]);
    tally.answer(what, body ?? "", { status: answer.statusCode, body: text });
  } catch (error) {
    tally.read(what, body ?? "", () => {
      throw error;
    });
  }
}

/** Long refusals come packed when the caller said it takes that. */
function plainText(bytes: Buffer, encoding: unknown): string {
  const plain = encoding === "zstd" ? zstdDecompressSync(bytes) : encoding === "gzip" ? gunzipSync(bytes) : bytes;
  return plain.toString("utf8");
}

const HEAD_BODY = JSON.stringify({ error: { code: "NOT_FOUND", message: "(a HEAD)", retryable: false } });
