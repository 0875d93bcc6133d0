import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startServer } from "../main.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife } from "../testing/sample-life.ts";
import { readWitness, writeWitness } from "./witness-file.ts";

let world: IngestWorld;
let store: TestStore;
let life: SampleLife;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
  life = new SampleLife(await store.enrol("T01"));
});

/** The store is put back to when it had this many changes of the till, and this many numbers in its feed. */
async function putBack(seq: number, n: number): Promise<void> {
  const { orgId, storeId } = store.scope;
  for (const table of ["change_head", "change_body", "document"])
    await world.admin.query(`DELETE FROM tillsync.${table} WHERE store_id = $1 AND seq > $2`, [storeId, seq]);
  await world.admin.query("DELETE FROM tillsync.feed_entry WHERE store_id = $1 AND n > $2", [storeId, n]);
  await world.admin.query(
    `UPDATE tillsync.feed_counter c SET n = $3, chain = (SELECT chain FROM tillsync.feed_entry e WHERE e.store_id = $2 AND e.n = $3)
     WHERE org_id = $1 AND store_id = $2`,
    [orgId, storeId, n],
  );
  await world.admin.query(
    "UPDATE tillsync.incarnation SET durable_through = $2, chain_hash = decode($3, 'hex') WHERE store_id = $1",
    [storeId, seq, life.hashAt(seq)],
  );
}

async function feedOf(): Promise<{ epoch: string; n: number; former: { epoch: string; n: number }[] }> {
  const { rows } = await world.admin.query("SELECT epoch, n, former FROM tillsync.feed_counter WHERE store_id = $1", [
    store.scope.storeId,
  ]);
  return rows[0];
}

const renew = () => world.admin.query("SET search_path = tillsync; SELECT renew_epochs('a test')");
const send = (from: number, cursor: string | null, to?: number) =>
  store.send(life.request(from, to, { cursor, feed: "own" }));

describe("after a restore that is known", () => {
  it("a cursor of what both histories share goes on, and one that has seen what is lost is reset", async () => {
    life.addSales(9);
    const early = await send(1, null, 3);
    const shared = await send(4, early.cursor, 6);
    const lost = await send(7, shared.cursor, 9);
    expect((await send(10, lost.cursor)).entries).toMatchObject([{ n: 3 }]);
    const ahead = await send(10, lost.cursor);
    const before = await feedOf();
    await putBack(6, 2);
    await renew();

    // What it lost comes again, whatever the cursor says; then the cursor of what is lost is refused.
    await expect(send(10, ahead.cursor)).rejects.toMatchObject({ code: "GAP", details: { durableThrough: 6 } });
    await expect(send(7, ahead.cursor)).rejects.toMatchObject({ code: "FEED_RESET" });
    await send(7, shared.cursor);
    const next = await send(10, lost.cursor);
    expect(next.entries).toMatchObject([{ n: 3, fromSeq: 7, toSeq: 9 }]);
    const now = await feedOf();
    expect(now.epoch).not.toBe(before.epoch);
    expect(now.former.at(-1)).toEqual({ epoch: before.epoch, n: 2 });
    expect(next.cursor).toContain(now.epoch);
    expect(await store.heads(life.terminal)).toHaveLength(9);
    expect(await store.documents()).toHaveLength(9);
  });

  it("a cursor in the middle of joining goes on only when all that it was promised is there", async () => {
    life.addSales(4);
    await send(1, null, 2);
    await send(3, null, 4);
    const joining = await store.send(life.request(5, undefined, { cursor: null, feed: "store" }));
    expect(joining.joining).toBe(true);
    await putBack(2, 1);
    await renew();
    await expect(store.send(life.request(3, 4, { cursor: joining.cursor, feed: "store" }))).rejects.toMatchObject({
      code: "FEED_RESET",
    });
  });
});

describe("after a restore that nobody noticed", () => {
  it("the first till that knows of more than there is proves it: the feed goes on under another epoch", async () => {
    life.addSales(6);
    const early = await send(1, null, 3);
    await send(4, early.cursor, 6);
    const ahead = await send(7, early.cursor);
    await putBack(3, 1);
    const before = await feedOf();
    await expect(send(4, ahead.cursor)).rejects.toMatchObject({ code: "FEED_RESET" });
    const now = await feedOf();
    expect(now.epoch).not.toBe(before.epoch);
    // It is known now: the next one renews nothing.
    await expect(send(4, ahead.cursor)).rejects.toMatchObject({ code: "FEED_RESET" });
    expect(await feedOf()).toEqual(now);
    expect(await send(4, early.cursor)).toMatchObject({ durableThrough: 6 });
  });

  it("a mark that was answered and is not there proves it as well, but a request that overtook another does not", async () => {
    life.addSales(6);
    const early = await send(1, null, 3);
    const before = await feedOf();
    await expect(store.send(life.request(6, 6, { cursor: early.cursor, feed: "none" }))).rejects.toMatchObject({
      code: "GAP",
    });
    expect(await feedOf()).toEqual(before);
    await expect(send(6, early.cursor)).rejects.toMatchObject({ code: "GAP" });
    expect((await feedOf()).epoch).not.toBe(before.epoch);
  });

  it("a cursor of another store, or none at all, changes nothing", async () => {
    life.addSales(2);
    const own = await send(1, null);
    const other = await world.newStore();
    const stranger = new SampleLife(await other.enrol("T01"));
    stranger.addSales(1);
    await expect(other.send(stranger.request(1, 1, { cursor: own.cursor, feed: "own" }))).rejects.toMatchObject({
      code: "FEED_RESET",
    });
    await expect(send(3, "rubbish")).rejects.toMatchObject({ code: "FEED_RESET" });
    expect((await feedOf()).former).toEqual([]);
  });
});

describe("a server looks whether its database is still the one that it was", () => {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-epochs-"));
  const witnessFile = join(folder, "database.witness");
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
  const serve = () => startServer({ databaseUrl: world.database.url, host: "127.0.0.1", port: 0, log, witnessFile });
  const identity = async () =>
    (await world.admin.query("SELECT server_epoch AS epoch, timeline, reason FROM tillsync.server_identity")).rows[0];
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("at its start: the same database keeps its epoch", async () => {
    await (await serve()).close();
    const first = await identity();
    await (await serve()).close();
    expect(await identity()).toEqual(first);
    expect(readWitness(witnessFile)).toMatchObject({ epoch: first.epoch, timeline: first.timeline });
  });

  it("at its start: files that were put back are noticed by the witness, once", async () => {
    const before = await identity();
    const seen = readWitness(witnessFile);
    if (seen === undefined) throw new Error("the server wrote no witness");
    writeWitness(witnessFile, { ...seen, lsn: seen.lsn + 1_000_000_000n });
    await (await serve()).close();
    const after = await identity();
    expect(after.epoch).not.toBe(before.epoch);
    expect(after.reason).toContain("put back");
    expect(lines.join("")).toContain("was restored or replaced");
    await (await serve()).close();
    expect((await identity()).epoch).toBe(after.epoch);
  });
});
