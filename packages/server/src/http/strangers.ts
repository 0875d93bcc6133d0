import { isIPv6 } from "node:net";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from "fastify";
import { isShown } from "../directory/authenticate.ts";
import { keyHash } from "../directory/keys.ts";
import { DOOR } from "./door-limits.ts";
import { FairGate } from "./fair-gate.ts";
import { isOpenToAnyone } from "./limit-hooks.ts";
import { TokenBuckets } from "./token-buckets.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** SHA-256 of a key or token that was not known here before this request. */
    strangeKey: string | null;
  }
}

/** A guess of an address counts until it turns out right. @throws SyncError TOO_MANY_REQUESTS */
export type Guess = (request: FastifyRequest) => { turnedOutRight(): void };

/**
 * Bounds how often an address may show keys that turn out to be wrong: every guess costs a look into the database. A key
 * that was right once is never held up by its neighbours' guesses, and a guess under way that turns out right is given
 * back: behind one address there may be a whole town.
 *
 * @returns a hook for before the one that asks for the key, and one for after it; and the same count for a door that
 *   finds out itself who comes
 */
export function limitStrangers(
  app: FastifyInstance,
  monotonicMs: () => number,
): { before: onRequestAsyncHookHandler; after: onRequestAsyncHookHandler; guess: Guess } {
  const friends = new Set<string>();
  const buckets = new TokenBuckets({
    perSecond: DOOR.strangersPerSecond,
    burst: DOOR.strangerBurst,
    maxKeys: DOOR.maxRemembered,
    monotonicMs,
  });
  app.decorateRequest("strangeKey", null);
  const acquit = (request: FastifyRequest) => {
    if (request.strangeKey !== null) buckets.giveBack(networkOf(request.ip));
    request.strangeKey = null;
  };
  // A database that is away says nothing about the key.
  app.addHook("onError", async (request, _reply, error) => {
    if (!(error instanceof SyncError) || error.code !== "UNAUTHENTICATED") acquit(request);
  });
  return {
    before: async (request) => {
      const { is404, method, routeOptions } = request;
      const key = presentedKey(request);
      if (is404 || isOpenToAnyone(method, routeOptions.url) || key === undefined || !isShown(key)) return;
      const hash = keyHash(key);
      if (friends.has(hash)) return;
      const waitMs = buckets.take(networkOf(request.ip));
      if (waitMs > 0) throw tooManyGuesses(waitMs);
      request.strangeKey = hash;
    },
    after: async (request) => {
      const { strangeKey } = request;
      if (strangeKey === null || request.caller === null) return;
      acquit(request);
      if (friends.size >= DOOR.maxRemembered) {
        const [oldest] = friends;
        if (oldest !== undefined) friends.delete(oldest);
      }
      friends.add(strangeKey);
    },
    guess: (request) => {
      const network = networkOf(request.ip);
      const waitMs = buckets.take(network);
      if (waitMs > 0) throw tooManyGuesses(waitMs);
      return { turnedOutRight: () => buckets.giveBack(network) };
    },
  };
}

/** Looks keys up one after the other: however many strangers come, they hold one connection of the pool. */
export function inTurn<A extends unknown[], T>(lookUp: (...asked: A) => Promise<T>): (...asked: A) => Promise<T> {
  const gate = new FairGate({
    maxRunning: DOOR.maxLookUps,
    maxRunningPerShare: DOOR.maxLookUps,
    maxWaiting: DOOR.maxWaitingLookUps,
    maxWaitingPerShare: DOOR.maxWaitingLookUps,
  });
  return async (...asked) => {
    const leave = await gate.enter("keys");
    if (leave === undefined) {
      const message = "Too many keys are being looked up; send this request again in a moment.";
      throw new SyncError("UNAVAILABLE", message, { part: "server", retryAfterMs: 1000 });
    }
    try {
      return await lookUp(...asked);
    } finally {
      leave();
    }
  };
}

/** Whoever has an IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":");
  return tail === undefined || groups.length >= 4 ? groups.slice(0, 4).join(":") : head;
}

function presentedKey({ headers }: FastifyRequest): string | undefined {
  return /^Bearer (\S{1,2048})$/i.exec(headers.authorization ?? "")?.[1];
}

function tooManyGuesses(retryAfterMs: number): SyncError {
  const expected = `at most ${DOOR.strangersPerSecond} unknown keys a second from one address`;
  const message = "Too many unknown keys come from this address; wait as long as Retry-After says.";
  const limit = DOOR.strangersPerSecond;
  return new SyncError("TOO_MANY_REQUESTS", message, { field: "authorization", expected, limit, retryAfterMs });
}
