import type { Readable } from "node:stream";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "../directory/authenticate.ts";
import { ACCESS, routeName } from "./access.ts";
import { type Allowance, BodyBudget } from "./body-budget.ts";
import { DOOR, type Rates } from "./door-limits.ts";
import { FairGate, type Leave } from "./fair-gate.ts";
import { TokenBuckets } from "./token-buckets.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Memory that this request's body may take. */
    bodyAllowance: Allowance | null;
    /** Ends this request's turn; null before it came. */
    leaveTurn: Leave | null;
  }
  interface FastifyInstance {
    /** Turns at the database, by store. */
    turns: FairGate;
  }
  interface FastifyContextConfig {
    /** The handler waits for its turn itself. */
    takesOwnTurn?: boolean;
  }
}

export interface LimitOptions {
  readonly rates: Rates;
  readonly monotonicMs: () => number;
}

/**
 * What every route with a key is bounded by, whoever adds it: how often its device and store may ask, what bodies may
 * take of the memory, and how many requests work at a time, in turns by store. Routes that are open to anyone, `/health`
 * first of all, are left out: they take no body, and answer while everything else is refused.
 *
 * Call it after the hook that finds out who asks, and before the routes.
 */
export function addLimits(app: FastifyInstance, options: LimitOptions): void {
  app.decorateRequest("bodyAllowance", null);
  limitRates(app, options);
  limitBodies(app);
  limitRunning(app);
}

function limitRates(app: FastifyInstance, { rates, monotonicMs }: LimitOptions): void {
  const buckets = (perSecond: number) =>
    new TokenBuckets({ perSecond, burst: perSecond * DOOR.burstSeconds, maxKeys: DOOR.maxRemembered, monotonicMs });
  const devices = buckets(rates.perDevice);
  const stores = buckets(rates.perStore);
  app.addHook("onRequest", async ({ caller }) => {
    if (caller === null) return;
    // The device first: what it is refused does not count against its neighbours in the store.
    let waitMs = devices.take(`${storeOf(caller)} ${caller.terminal ?? caller.name}`);
    if (waitMs > 0) throw tooMany("this device", rates.perDevice, waitMs);
    waitMs = stores.take(storeOf(caller));
    if (waitMs > 0) throw tooMany("all devices of this store", rates.perStore, waitMs);
  });
}

function limitBodies(app: FastifyInstance): void {
  const budget = new BodyBudget({ maxBytes: DOOR.maxBodyBytes, maxBytesPerShare: DOOR.maxBodyBytesPerStore });
  app.addHook("preParsing", async (request, reply) => {
    const bytes = announcedBytes(request);
    if (request.caller === null || bytes === 0) return;
    const allowance = budget.open(storeOf(request.caller));
    request.bodyAllowance = allowance;
    whenOver(reply, () => allowance.end());
    takeMemory(request, bytes);
  });
}

/**
 * Counts bytes of a body that come into memory against what its store, and the process, may hold.
 *
 * @throws SyncError UNAVAILABLE
 */
export function takeMemory(request: FastifyRequest, bytes: number): void {
  const limit = request.bodyAllowance?.add(bytes);
  if (limit === undefined) return;
  const message = "Too many large requests are under way; send this one again in a moment.";
  throw overloaded(message, { field: "body", expected: `at most ${limit} bytes under way`, limit });
}

/** What the listener will read of this request at most. A longer one is refused there, unread. */
function announcedBytes({ headers, routeOptions }: FastifyRequest): number {
  const { bodyLimit } = routeOptions;
  if (headers["transfer-encoding"] !== undefined) return bodyLimit;
  const bytes = Number(headers["content-length"] ?? 0);
  return Number.isSafeInteger(bytes) && bytes <= bodyLimit ? bytes : 0;
}

/**
 * The handler itself waits for its turn, and the turn ends with what it answers: a hook alone could not tell the end from
 * a caller that went away, while the database still works for it.
 */
function limitRunning(app: FastifyInstance): void {
  const gate = new FairGate({
    maxRunning: DOOR.maxRunning,
    maxRunningPerShare: DOOR.maxRunningPerStore,
    maxWaiting: DOOR.maxWaiting,
    maxWaitingPerShare: DOOR.maxWaitingPerStore,
  });
  app.decorate("turns", gate);
  app.decorateRequest("leaveTurn", null);
  app.addHook("onRoute", (route) => {
    if (route.config?.takesOwnTurn === true) return;
    if ([route.method].flat().every((method) => isOpenToAnyone(method, route.url))) return;
    const { handler } = route;
    route.handler = async function (request, reply) {
      const leave = await gate.enter(shareOf(request), (giveUp) => whenOver(reply, giveUp));
      if (leave === undefined) throw tooManyWait();
      request.leaveTurn = leave;
      try {
        return await handler.call(this, request, reply);
      } finally {
        leave();
      }
    };
  });
  limitStreaming(app);
}

/** An answer that is streamed goes at the pace of its reader, who must not hold up others meanwhile. */
function limitStreaming(app: FastifyInstance): void {
  const gate = new FairGate({
    maxRunning: DOOR.maxStreaming,
    maxRunningPerShare: DOOR.maxStreamingPerStore,
    maxWaiting: 0,
    maxWaitingPerShare: 0,
  });
  app.addHook("onSend", async (request, reply, payload) => {
    request.leaveTurn?.();
    if (!isStream(payload) || request.leaveTurn === null) return payload;
    const leave = await gate.enter(shareOf(request));
    if (leave === undefined) {
      payload.destroy();
      throw overloaded("Too many answers are being streamed already; send this request again in a moment.", {});
    }
    whenOver(reply, leave);
    return payload;
  });
}

export function isOpenToAnyone(method: string, url: string | undefined): boolean {
  return ACCESS[routeName(method, url ?? "")] === "anyone";
}

function isStream(answer: unknown): answer is Readable {
  return typeof answer === "object" && answer !== null && "pipe" in answer;
}

/** Once, when the answer is out or nobody is there any more to take it. */
export function whenOver({ raw }: FastifyReply, act: () => void): void {
  if (raw.destroyed || raw.writableFinished) act();
  else raw.once("close", act).once("finish", act);
}

/** Whose turns a request takes: its store's. */
export function shareOf({ caller }: FastifyRequest): string {
  return caller === null ? "" : storeOf(caller);
}

function storeOf({ orgId, storeId }: Caller): string {
  return `${orgId}/${storeId}`;
}

function tooMany(who: string, perSecond: number, retryAfterMs: number): SyncError {
  const message = `More than ${perSecond} requests a second come from ${who}; wait as long as Retry-After says.`;
  const facts = { field: who, expected: `at most ${perSecond} requests a second`, limit: perSecond, retryAfterMs };
  return new SyncError("TOO_MANY_REQUESTS", message, facts);
}

export function tooManyWait(): SyncError {
  return overloaded("Too many requests wait already; send this one again in a moment.", {});
}

function overloaded(message: string, facts: Record<string, unknown>): SyncError {
  return new SyncError("UNAVAILABLE", message, { part: "server", retryAfterMs: 1000, ...facts });
}
