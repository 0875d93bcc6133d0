import { CENTRAL_LIFE } from "@tillsync/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { inScope } from "../db/scope.ts";
import { findOrMakeDevice } from "../directory/devices.ts";
import { sha256 } from "../ledger/sha256.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleEdit, sampleSale } from "../testing/sample-life.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import type { ExchangeContext } from "./prepare.ts";
import { type Submission, submit } from "./submit.ts";

const SEED = Number(process.env.TILLSYNC_SEED ?? 20_260_117);

let world: IngestWorld;
let store: TestStore;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
});

const device = async (deviceId: string) =>
  (await inScope(world.database.pool, store.scope, (tx) => findOrMakeDevice(tx, store.scope, deviceId, 0))).terminal;
const send = (terminal: string, ...submissions: Submission[]) =>
  submit(world.context, store.scope, terminal, submissions);
const heads = (terminal: string) => store.heads(terminal, CENTRAL_LIFE);
const effects = async (terminal: string) => (await heads(terminal)).map(({ effect, code }) => code ?? effect);

/** A whole order; `fields` go into its payload. */
function order(localId: string, version: number, total: number, fields: object = {}): Submission {
  const content = `{"total":${total}}`;
  const payload = { device: "d", content, contentHash: sha256(content), currency: "KES", totalMinor: total, ...fields };
  const at = "2026-01-16T10:11:12.345Z";
  return { kind: "order.submitted", localId, version, businessDate: "2026-01-16", occurredAt: at, payload };
}
/** PostgreSQL has no NUL in a text: the change is stored, the document cannot be written. */
const poison = (localId: string) => order(localId, 1, 1, { number: "\u0000" });

describe("submit", () => {
  it("stores and applies each once, in one chain, and tells it in the feed (I1, I9)", async () => {
    const a = await device("a");
    await send(a, order("o-1", 1, 100), order("o-2", 1, 200), order("o-1", 2, 150));
    await send(a, order("o-1", 2, 150), order("o-3", 1, 300));
    expect(await effects(a)).toEqual(["applied", "applied", "applied", "applied"]);
    expect(await store.documents()).toMatchObject([
      { localId: "o-1", version: 2, totalMinor: 150, seq: 3 },
      { localId: "o-2", version: 1, totalMinor: 200, seq: 2 },
      { localId: "o-3", version: 1, totalMinor: 300, seq: 4 },
    ]);
    expect((await store.feed()).map(({ fromSeq, toSeq, effect }) => [fromSeq, toSeq, effect])).toEqual([
      [1, 3, "applied"],
      [4, 4, "applied"],
    ]);
  });

  it("tells a repeat what it told before, whatever happened since, and stores it once", async () => {
    const [a, b] = [await device("a"), await device("b")];
    const [first] = await send(a, order("o-1", 1, 100));
    const [lost] = await send(b, order("o-1", 1, 120));
    expect([first?.effect, lost?.effect, lost?.code]).toEqual(["applied", "conflict", "CONCURRENT_MODIFICATION"]);
    await send(a, order("o-1", 2, 150));
    expect(await send(a, order("o-1", 1, 100))).toEqual([{ ...first, duplicate: true }]);
    expect(await send(b, order("o-1", 1, 120), order("o-1", 1, 120))).toEqual(
      Array(2).fill({ ...lost, duplicate: true }),
    );
    expect([await effects(a), await effects(b)]).toEqual([["applied", "applied"], ["CONCURRENT_MODIFICATION"]]);
  });

  it("parks what cannot be applied, alone; later versions of it wait, its neighbours are applied (I10)", async () => {
    const a = await device("a");
    const outcomes = await send(a, order("o-1", 1, 1), poison("bad"), order("o-2", 1, 2));
    expect(outcomes.map(({ effect }) => effect)).toEqual(["applied", "parked", "applied"]);
    expect((await send(a, order("bad", 2, 2))).map(({ effect }) => effect)).toEqual(["waiting"]);
    expect(await effects(a)).toEqual(["applied", "APPLY_FAILED", "applied", "WAITING_FOR_EARLIER"]);
    expect((await store.documents()).map(({ localId }) => localId)).toEqual(["o-1", "o-2"]);
    expect((await send(a, poison("bad"))).map(({ effect }) => effect)).toEqual(["parked"]);
  });

  it("goes on where a server died between storing and interpreting", async () => {
    const a = await device("a");
    let begun = 0;
    const { store: real } = world.context;
    const transaction: ExchangeContext["store"]["transaction"] = (scope, fn) =>
      ++begun > 1 ? Promise.reject(new Error("the server was killed")) : real.transaction(scope, fn);
    const dying = { ...world.context, store: { serverEpoch: real.serverEpoch, transaction } };
    const batch = [order("o-1", 1, 1), poison("bad")];
    await expect(submit(dying, store.scope, a, batch)).rejects.toThrow("killed");
    expect(await effects(a)).toEqual(["pending", "pending"]);
    expect((await send(a, ...batch)).map(({ effect }) => effect)).toEqual(["applied", "parked"]);
    expect(await heads(a)).toHaveLength(2);
  });

  it("leaves what our tills closed as it is, and their open orders to tills", async () => {
    const [a, till] = [await device("a"), new SampleLife(await store.enrol("T01"))];
    till.add(sampleSale({ localId: "o-1" }, 700));
    till.add(sampleEdit({ localId: "o-2" }, ["T01.1"]));
    await store.send(till.request());
    const outcomes = await send(a, order("o-1", 9, 1), order("o-2", 9, 1));
    expect(outcomes.map(({ code }) => code)).toEqual(["CONCURRENT_MODIFICATION", "CONCURRENT_MODIFICATION"]);
    expect(await store.documents()).toMatchObject([
      { localId: "o-1", totalMinor: 700 },
      { localId: "o-2", state: "open" },
    ]);
  });

  it("keeps the sale of a till that took the money before it heard of the deletion", async () => {
    const [office, till] = [await device("head-office"), new SampleLife(await store.enrol("T01"))];
    till.add(sampleEdit({ localId: "table-1" }, ["T01.1"]));
    await store.send(till.request());
    const payload = { actor: "Grace", reason: "left" };
    await send(office, { ...order("table-1", 2, 0), kind: "order.withdrawn", payload });
    expect(await store.documents()).toMatchObject([{ localId: "table-1", state: "deleted" }]);
    till.add(sampleSale({ localId: "table-1", version: 2 }, 700));
    await store.send(till.request());
    expect(await store.documents()).toMatchObject([{ localId: "table-1", state: "closed", totalMinor: 700 }]);
  });

  it(`has one row a document and one verdict a version, whoever races (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    const devices = await Promise.all(["a", "b", "c", "d"].map(device));
    const work = devices.flatMap((terminal) =>
      Array.from({ length: 12 }, () => ({
        terminal,
        batch: Array.from({ length: 5 }, () => order(`o-${random.below(4)}`, 1 + random.below(6), random.below(50))),
      })),
    );
    const first = await Promise.all(work.map(({ terminal, batch }) => send(terminal, ...batch)));
    const again = await Promise.all(work.map(({ terminal, batch }) => send(terminal, ...batch)));
    const documents = await store.documents();
    expect(documents).toHaveLength(4);
    for (const [index, outcomes] of again.entries()) {
      // What was refused once stays refused; what was taken stays taken, even when it stands no more.
      const stored = outcomes.map(({ effect }, at) => [effect, first[index]?.[at]?.effect]);
      expect(stored.filter(([now, before]) => now !== before && before !== "applied")).toEqual([]);
      expect(outcomes.every(({ duplicate }) => duplicate) || stored.some(([now]) => now === "conflict")).toBe(true);
    }
    const rows = (await Promise.all(devices.map(heads))).flat();
    expect(rows.filter(({ effect }) => effect !== "applied" && effect !== "conflict")).toEqual([]);
    const applied = await appliedVersions();
    for (const { localId, version } of documents) {
      const versions = applied.filter((row) => row.localId === localId).map((row) => row.version);
      // Each applied version is higher than the one before it, and the last of them stands.
      expect(versions).toEqual(versions.toSorted((x, y) => x - y));
      expect(new Set(versions).size).toBe(versions.length);
      expect(versions.at(-1)).toBe(Number(version));
    }
  });
});

/** What was applied, in the order in which the feed tells it. */
async function appliedVersions(): Promise<{ localId: string; version: number }[]> {
  const { rows } = await world.admin.query<{ body: Buffer }>(
    `SELECT b.body FROM tillsync.feed_entry e
     JOIN tillsync.change_body b ON b.terminal = e.terminal AND b.seq BETWEEN e.from_seq AND e.to_seq
     WHERE e.store_id = $1 AND b.store_id = $1 AND e.effect = 'applied' ORDER BY e.n, b.seq`,
    [store.scope.storeId],
  );
  return rows.map(({ body }) => JSON.parse(body.toString("utf8")) as { localId: string; version: number });
}
