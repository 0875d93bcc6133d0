import type { ExchangeResponse, FeedEntry, FeedScope } from "@tillsync/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exchange } from "../ingest/exchange.ts";
import { exchangeTogether } from "../ingest/together.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { ModuleWorld } from "../testing/module-world.ts";
import { SampleLife, sampleEdit } from "../testing/sample-life.ts";
import { feedsOfKinds, modulesOfKinds } from "./kinds.ts";
import { setKind } from "./terminal-kinds.ts";

let world: IngestWorld;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());

const KINDS = { modulesOf: modulesOfKinds(), feedOf: feedsOfKinds() };
const contextOf = () => ({ ...world.context, feedOf: KINDS.feedOf });

describe("what a terminal is told", () => {
  let store: TestStore;
  let seller: SampleLife;
  let display: SampleLife;
  let cursor: string | null;
  beforeEach(async () => {
    store = await world.newStore();
    seller = new SampleLife(await store.enrol("T01"));
    display = new SampleLife(await store.enrol("D01"), "fedcba9876543210");
    cursor = null;
    await become("kitchen-display");
    await heard();
    seller.add(sampleEdit({ localId: "table-1" }, ["T01.1"]));
    seller.addSales(1);
    await store.send(seller.request());
  });

  const become = (kind: string) =>
    setKind(world.database.pool, store.scope, { terminal: display.terminal, kind }, KINDS);
  const ask = (at: string | null, feed?: FeedScope) =>
    exchange(contextOf(), store.scope, display.request(1, 0, { cursor: at, ...(feed === undefined ? {} : { feed }) }));

  /** The orders that the display is told of until nothing more waits; it asks for all of its store, as tills do. */
  async function heard(feed: FeedScope = "store"): Promise<string[]> {
    const entries: FeedEntry[] = [];
    for (let more = true; more; ) {
      const answer: ExchangeResponse = await ask(cursor, feed);
      entries.push(...answer.entries);
      ({ cursor, more } = answer);
    }
    const bodies = entries.flatMap((entry) => entry.bodies ?? []);
    return bodies.map((body) => (JSON.parse(body) as { localId: string }).localId);
  }

  it("is no more than its kind allows, whatever it asks for", async () => {
    expect(await heard()).toEqual(["table-1"]);
    await become("customer-display");
    seller.add(sampleEdit({ localId: "table-2" }, ["T01.2"]));
    await store.send(seller.request(3));
    expect(await heard()).toEqual([]);
  });

  it("is less when it asks for less", async () => {
    cursor = null;
    expect(await heard("own")).toEqual([]);
    expect(cursor).not.toContain("!");
  });

  it("begins anew when its kind may be told more, and nothing that was passed over is missed", async () => {
    expect(await heard()).toEqual(["table-1"]);
    await become("retail");
    await expect(heard()).rejects.toMatchObject({ code: "FEED_RESET" });
    cursor = null;
    expect(await heard()).toEqual(expect.arrayContaining(["table-1", "o-2"]));
    expect(await heard()).toEqual([]);
  });

  it("goes on from where it stands when its kind may be told less", async () => {
    await become("retail");
    cursor = null;
    await heard();
    await become("kitchen-display");
    seller.addSales(1);
    seller.add(sampleEdit({ localId: "table-3" }, ["T01.3"]));
    await store.send(seller.request(3));
    expect(await heard()).toEqual(["table-3"]);
  });

  it("is the same when others wait at the same moment", async () => {
    const third = new SampleLife(await store.enrol("T03"), "00000000000000cc");
    const fourth = new SampleLife(await store.enrol("T04"), "00000000000000dd");
    let at: string | null = null;
    for (const life of [third, fourth]) {
      const answer = await store.send(life.request(1, 0, { cursor: null, feed: "store" }));
      at = answer.cursor;
    }
    seller.addSales(1);
    await store.send(seller.request(3));
    for (let more = true; more; )
      ({ cursor: at, more } = await store.send(third.request(1, 0, { cursor: at, feed: "store" })));
    seller.addSales(1);
    seller.add(sampleEdit({ localId: "table-4" }, ["T01.4"]));
    await store.send(seller.request(4));
    const plain = at ?? "";
    const requests = [third, fourth, display].map((life) => life.request(1, 0, { cursor: plain, feed: "store" }));
    const answers = await Promise.all(exchangeTogether(contextOf(), store.scope, requests));
    const changes = answers.map(({ entries }) => entries.flatMap(({ bodies = [] }) => bodies).length);
    expect(changes).toEqual([2, 2, 1]);
    expect(answers[2]?.cursor).toMatch(/!open$/);
  });

  it("costs no look at the kind: what narrows is read with the lock", async () => {
    const { store: ingest } = world.context;
    const kinds: unknown[] = [];
    await ingest.transaction(store.scope, async (tx) => kinds.push((await tx.lock(display, 0)).kind));
    expect(kinds).toEqual(["kitchen-display"]);
  });
});

describe("at the doors", () => {
  it("head office sees the kinds of its terminals and sets one, and the gateway offers what it gives", async () => {
    const shop = await ModuleWorld.open(world.database.pool, { org: "kinds", kind: "restaurant" });
    const { terminal = "", key } = shop.till;
    const call = async (method: "GET" | "PUT", url: string, payload?: object, as = shop.admin.key) => {
      const headers = { authorization: `Bearer ${as}`, "content-type": "application/json" };
      const answer = await shop.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
      return { status: answer.statusCode, body: answer.json() };
    };
    const modules = async () => {
      const { body } = await call("GET", "/api/sync/gateway", undefined, key);
      return [...new Set((body as { modules: { module: string }[] }).modules.map(({ module }) => module))];
    };
    const before = { terminal, shortId: "T10", kind: "restaurant", feed: "store", modules: KINDS.modulesOf("") };
    expect((await call("GET", "/api/admin/kinds")).body).toEqual({ terminals: [before] });
    expect(await modules()).toEqual(KINDS.modulesOf(""));
    const path = `/api/admin/terminals/${terminal}/kind`;
    const set = await call("PUT", path, { kind: "kitchen-display" });
    expect(set).toEqual({
      status: 200,
      body: { ...before, kind: "kitchen-display", feed: "open", modules: ["items", "settings"] },
    });
    expect(await modules()).toEqual(["items", "settings"]);
    expect((await call("PUT", path, { kind: "Kitchen" })).status).toBe(400);
    expect((await call("PUT", path, { kind: "retail" }, key)).status).toBe(403);
    const other = await ModuleWorld.open(world.database.pool, { org: "kinds-of-others" });
    expect((await call("PUT", path, { kind: "retail" }, other.admin.key)).status).toBe(404);
  });
});
