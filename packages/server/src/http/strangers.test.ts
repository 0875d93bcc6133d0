import { SyncError } from "@tillsync/protocol";
import { type FastifyInstance, fastify } from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeKey } from "../directory/keys.ts";
import { DOOR } from "./door-limits.ts";
import { answerRefusal } from "./refusal.ts";
import { inTurn, limitStrangers } from "./strangers.ts";

const GOOD = makeKey();
let app: FastifyInstance;
let nowMs: number;
/** Keys that came as far as being looked up. */
let lookedUp: number;
let databaseIsAway: boolean;

beforeEach(() => {
  nowMs = 0;
  lookedUp = 0;
  databaseIsAway = false;
  app = fastify({ trustProxy: true });
  app.setErrorHandler(answerRefusal);
  app.decorateRequest("caller", null);
  const { before, after } = limitStrangers(app, () => nowMs);
  app.addHook("onRequest", before);
  app.addHook("onRequest", async (request) => {
    lookedUp += 1;
    if (databaseIsAway) throw new SyncError("UNAVAILABLE", "The database is away.");
    if (request.headers.authorization !== `Bearer ${GOOD}`) throw new SyncError("UNAUTHENTICATED", "Not known.");
    request.caller = { orgId: 1, storeId: 1, role: "admin", name: "head office", terminal: null };
  });
  app.addHook("onRequest", after);
  app.get("/api/admin/totals", async () => ({}));
});
afterEach(() => app.close());

async function ask(key: string, address = "10.0.0.1"): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, "x-forwarded-for": address };
  return (await app.inject({ url: "/api/admin/totals", headers })).statusCode;
}

async function guess(count: number, address?: string): Promise<number[]> {
  const statuses: number[] = [];
  for (let each = 0; each < count; each++) statuses.push(await ask(makeKey(), address));
  return statuses;
}

it("holds up an address that shows many wrong keys, before they are looked up", async () => {
  expect(new Set(await guess(DOOR.strangerBurst))).toEqual(new Set([401]));
  expect(await guess(3)).toEqual([429, 429, 429]);
  expect(lookedUp).toBe(DOOR.strangerBurst);
  nowMs += 1000;
  expect((await guess(DOOR.strangersPerSecond + 1)).at(-1)).toBe(429);
});

it("holds up nobody else: another address, or a key that was right before", async () => {
  expect(await ask(GOOD)).toBe(200);
  await guess(DOOR.strangerBurst);
  expect(await guess(1)).toEqual([429]);
  expect(await ask(GOOD)).toBe(200);
  expect(await guess(1, "10.0.0.2")).toEqual([401]);
});

it("takes a network of IPv6 for one address", async () => {
  await guess(DOOR.strangerBurst, "2001:db8:1:2::1");
  expect(await guess(1, "2001:db8:1:2:ffff::7")).toEqual([429]);
  expect(await guess(1, "2001:db8:1:3::1")).toEqual([401]);
});

it("counts no right keys, and no failures of the database", async () => {
  for (let each = 0; each < 2 * DOOR.strangerBurst; each++) await ask(GOOD);
  databaseIsAway = true;
  expect(new Set(await guess(2 * DOOR.strangerBurst))).toEqual(new Set([503]));
  databaseIsAway = false;
  expect(await guess(1)).toEqual([401]);
});

it("asks nothing of what cannot be a key", async () => {
  for (let each = 0; each < 2 * DOOR.strangerBurst; each++) await ask("no-key-at-all");
  expect(await guess(1)).toEqual([401]);
});

it("looks few keys up at a time, and refuses what would wait too long", async () => {
  let underWay = 0;
  let most = 0;
  const ends: (() => void)[] = [];
  const lookUp = inTurn(
    (_hash: string) =>
      new Promise((resolve) => {
        underWay += 1;
        most = Math.max(most, underWay);
        ends.push(() => {
          underWay -= 1;
          resolve(undefined);
        });
      }),
  );
  const all = Array.from({ length: DOOR.maxLookUps + DOOR.maxWaitingLookUps + 1 }, () =>
    lookUp(makeKey()).then(
      () => "answered",
      (error: SyncError) => error.code,
    ),
  );
  expect(await Promise.race(all)).toBe("UNAVAILABLE");
  for (let each = 0; each < all.length - 1; each++) {
    while (ends.length <= each) await new Promise((resolve) => setImmediate(resolve));
    ends[each]?.();
  }
  expect((await Promise.all(all)).filter((answer) => answer === "answered")).toHaveLength(all.length - 1);
  expect(most).toBe(DOOR.maxLookUps);
});
