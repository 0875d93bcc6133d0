import {
  CHAIN_START,
  linkHash,
  privateHash,
  privatePart,
  privateText,
  rangeDigest,
  rangeLine,
  rangesOf,
  wantedPrivate,
} from "@tillsync/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPool } from "../db/pool.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleBody, sampleChangeId, sampleEdit, sampleSale } from "../testing/sample-life.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { type DigestPage, type DigestQuery, readDigests } from "./digests.ts";
import { sha256 } from "./sha256.ts";

const SEED = Number(process.env.TILLSYNC_SEED ?? Date.now() % 1_000_000);

let world: IngestWorld;
let pool: ReturnType<typeof openPool>;
let store: TestStore;
let life: SampleLife;
beforeAll(async () => {
  world = await ingestWorld();
  pool = openPool(world.database.url, { max: 1 });
});
afterAll(async () => {
  await pool.end();
  await world.close();
});
beforeEach(async () => {
  store = await world.newStore();
  life = new SampleLife(await store.enrol("T01"));
});

const SECRET = privateText({ phone: "0711 000 111" }, "ab".repeat(16));

/** One change of each sort that a digest tells apart: money, stock, neither, unread, with a name, sent again. */
function addSome(count: number): void {
  for (let index = 0; index < count; index++) {
    const localId = `c${life.wires.length + 1}`;
    const changeId = sampleChangeId(localId);
    const sorts = [
      () => life.add(sampleSale({ localId, changeId }, 100 + index, { note: "Müsli 🥐 \u2028" })),
      () => life.add(sampleEdit({ localId, changeId }, ["T01.1"])),
      () =>
        life.add(
          sampleBody("inventory.updated", { localId, changeId }, { item: "bread", delta: "2", type: "delivery" }),
        ),
      () => life.add("\u0000 no JSON", { damaged: true, intactBody: "gone" }),
      () => {
        const body = sampleSale({ localId, changeId, private: privateHash(sha256, SECRET) }, 7);
        return life.add(body, { private: SECRET });
      },
      () =>
        life.add(sampleSale({ localId, changeId }, 12), {
          origin: { incarnation: "fedcba9876543210", seq: 4, hash: "ab".repeat(32) },
        }),
    ];
    sorts[index % sorts.length]?.();
  }
}

/** What the answer has to be, worked out row by row from everything that is stored. */
async function expected({ fromSeq, toSeq = life.wires.length, size }: Omit<DigestQuery, "terminal">) {
  const { rows } = await world.admin.query(
    `SELECT h.seq, encode(h.hash, 'hex') AS hash, h.kind, h.effect, h.origin, b.body, p.private, d.entity, d.currency,
       d.total_minor AS "totalMinor", d.receipt_number AS "receiptNumber"
     FROM tillsync.change_head h LEFT JOIN tillsync.change_body b USING (org_id, store_id, terminal, incarnation, seq)
     LEFT JOIN tillsync.change_private p USING (org_id, store_id, terminal, incarnation, seq)
     LEFT JOIN tillsync.document d USING (org_id, store_id, terminal, incarnation, seq) WHERE h.terminal = $1 ORDER BY h.seq`,
    [life.terminal],
  );
  const hashAt = (seq: number) => (seq === 0 ? CHAIN_START : rows.find((row) => row.seq === seq)?.hash);
  const { terminal, incarnation } = life;
  const fits = ({ seq, hash, origin, body, private: secret }: (typeof rows)[number]) => {
    const prevHash = hashAt(seq - 1);
    if (body === null || prevHash === undefined) return false;
    const link = { terminal, incarnation, seq, prevHash, origin: origin ?? undefined, body: body.toString() };
    return (
      linkHash(sha256, link) === hash &&
      privatePart(sha256, wantedPrivate(link.body), secret?.toString() ?? null) === "whole"
    );
  };
  return [...rangesOf(fromSeq, toSeq, size)].map((range) => {
    const inside = rows.filter(({ seq }) => seq >= range.fromSeq && seq <= range.toSeq);
    const lines = inside.map((row) => rangeLine(row.seq, row.hash, row.kind, row.entity === null ? null : row));
    return {
      ...range,
      rows: inside.length,
      digest: rangeDigest(sha256, lines),
      flawed: inside.filter((row) => !fits(row)).length,
      unapplied: inside.filter(({ effect }) => effect !== "applied").length,
    };
  });
}

const read = (query: Omit<DigestQuery, "terminal">): Promise<DigestPage> =>
  readDigests(pool, store.scope, { terminal: life.terminal, ...query });

describe(`digests of what the centre stores (TILLSYNC_SEED=${SEED})`, () => {
  it("are those that the protocol makes of the same rows, whatever was done to them", async () => {
    const random = seededRandom(SEED);
    addSome(60);
    await store.send(life.request());
    const place = (seq: number) => `terminal = '${life.terminal}' AND seq = ${seq}`;
    const deeds = [
      (at: string) => `DELETE FROM tillsync.change_head WHERE ${at}`,
      (at: string) => `DELETE FROM tillsync.change_body WHERE ${at}`,
      (at: string) => `UPDATE tillsync.change_body SET body = body || 'x'::bytea WHERE ${at}`,
      (at: string) => `UPDATE tillsync.change_body SET body = '\\xff00' WHERE ${at}`,
      (at: string) => `UPDATE tillsync.change_head SET hash = sha256(hash) WHERE ${at}`,
      (at: string) => `UPDATE tillsync.change_private SET private = private || 'x'::bytea WHERE ${at}`,
      (at: string) => `UPDATE tillsync.change_private SET private = 'erased' WHERE ${at}`,
      (at: string) => `DELETE FROM tillsync.change_private WHERE ${at}`,
      (at: string) =>
        `INSERT INTO tillsync.change_private SELECT org_id, store_id, terminal, incarnation, seq, 'stray' FROM tillsync.change_head WHERE ${at} ON CONFLICT DO NOTHING`,
      (at: string) => `DELETE FROM tillsync.document WHERE ${at}`,
    ];
    for (let round = 0; round < 30; round++) {
      const deed = deeds[random.below(deeds.length)];
      await world.admin.query(deed?.(place(1 + random.below(60))) ?? "");
      const fromSeq = 1 + random.below(30);
      for (const size of [1000, 7, 1]) {
        const { ranges } = await read({ fromSeq, size });
        expect({ SEED, round, size, ranges }).toEqual({ SEED, round, size, ranges: await expected({ fromSeq, size }) });
      }
    }
  });

  it("cover what is stored and no more, page by page, and add up what documents come to", async () => {
    life.addSales(8);
    life.addSales(4, "p");
    await store.send(life.request());
    const page = await read({ fromSeq: 3, toSeq: 900, size: 5 });
    expect(page.ranges.map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([
      [3, 5],
      [6, 10],
      [11, 12],
    ]);
    expect(page).toMatchObject({ durableThrough: 12, chainHash: life.wires.at(-1)?.hash, nextSeq: null });
    const [total, ...others] = page.totals;
    expect(others).toEqual([]);
    expect(total).toMatchObject({ kind: "order.closed", currency: "KES", count: 10 });
    expect(await read({ fromSeq: 13, size: 1000 })).toMatchObject({ ranges: [], totals: [], nextSeq: null });
  });

  it("are of one terminal of one store", async () => {
    life.addSales(2);
    await store.send(life.request());
    const other = await world.newStore();
    const query = { terminal: life.terminal, fromSeq: 1, size: 1000 };
    await expect(readDigests(pool, other.scope, query)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
