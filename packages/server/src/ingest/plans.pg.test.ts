import { afterAll, beforeAll, expect, it } from "vitest";
import { inRelay, inScope } from "../db/scope.ts";
import { CHANGED } from "../devices/updates.ts";
import { COUNT_UNSETTLED } from "../ledger/unsettled.ts";
import { READ_BODIES, READ_HEADS, READ_PRIVATES } from "../settlement/statements.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import * as statements from "./statements.ts";

const sql = { ...statements, CHANGED, READ_HEADS, READ_BODIES, READ_PRIVATES };

const LIFE = "0123456789abcdef";
const HISTORY = 100_000;
const ROWS = "[]";
const AT = new Date(0);

let world: IngestWorld;
let store: TestStore;
let terminal: string;
beforeAll(async () => {
  world = await ingestWorld();
  store = await world.newStore();
  terminal = await store.enrol("T01");
  for (let till = 2; till <= 5; till++) await store.enrol(`T0${till}`);
  await fillHistory();
});
afterAll(() => world.close());

/** A hundred thousand settled changes of five tills of one store: what a good day of a year looks like. */
async function fillHistory(): Promise<void> {
  const { orgId, storeId } = store.scope;
  const tills = `(SELECT terminal, row_number() OVER () AS till FROM tillsync.terminal WHERE store_id = ${storeId}) t
    CROSS JOIN generate_series(1, ${HISTORY / 5}) AS seq`;
  await world.admin.query(`
    INSERT INTO tillsync.incarnation (org_id, store_id, terminal, incarnation, ordinal, chain_hash, first_seen_at, last_seen_at)
      SELECT ${orgId}, ${storeId}, terminal, '${LIFE}', 1, '\\x00', 'epoch', 'epoch' FROM tillsync.terminal WHERE store_id = ${storeId};
    INSERT INTO tillsync.change_head (org_id, store_id, terminal, incarnation, seq, hash, change_id, kind, local_id, effect, received_at)
      SELECT ${orgId}, ${storeId}, terminal, '${LIFE}', seq, sha256(int8send(seq)), gen_random_uuid(), 'order.closed',
        till || '-' || seq, CASE WHEN seq % 5000 = 0 THEN 'parked' ELSE 'applied' END, 'epoch' FROM ${tills};
    INSERT INTO tillsync.change_body (org_id, store_id, terminal, incarnation, seq, received_month, body)
      SELECT ${orgId}, ${storeId}, terminal, '${LIFE}', seq, '2026-01-01', '\\x00' FROM ${tills};
    INSERT INTO tillsync.document (org_id, store_id, entity, local_id, state, version, business_date, occurred_at, terminal, incarnation, seq)
      SELECT ${orgId}, ${storeId}, 'order', till || '-' || seq, 'closed', 1, '2026-01-16', 'epoch', terminal, '${LIFE}', seq FROM ${tills};
    INSERT INTO tillsync.feed_entry (org_id, store_id, n, chain, at_ms, terminal, incarnation, from_seq, to_seq, effect)
      SELECT ${orgId}, ${storeId}, row_number() OVER (), '\\x00', 0, terminal, '${LIFE}', seq, seq, 'applied' FROM ${tills};
    ANALYZE tillsync.change_head, tillsync.change_body, tillsync.document, tillsync.feed_entry`);
}

const place = () => [terminal, LIFE];
const places = () => [[terminal], [LIFE]];
const slices = () => JSON.stringify([{ n: 17, terminal, incarnation: LIFE, fromSeq: 17, toSeq: 17 }]);
/** Each with parameters as `postgres.ts` gives them, after the scope. */
const HOT: Readonly<Record<string, () => readonly unknown[]>> = {
  LOCK_TERMINAL: () => [terminal],
  READ_MARK: place,
  READ_HASHES: () => [...place(), 100, 1100],
  KNOWN_CHANGE_IDS: () => [["0198c0de-0000-7000-8000-000000000000"], null, null, null],
  BLOCKED: () => [["1-17", "2-18"], null, null, null],
  STORE_CHANGES: () => [...place(), ROWS, AT, "2026-01-01", Buffer.alloc(0)],
  STORE_AT_ONCE: () => [...places(), ROWS, AT, "2026-01-01", Buffer.alloc(0), ROWS, ROWS, ROWS],
  LOCK_TERMINALS: () => [[terminal]],
  SEEN_ALL: () => [...places(), AT, [1]],
  READ_MARKS_AND_FEEDS: () => [...places(), [0], 1000],
  READ_MARK_AND_FEED: () => [...place(), HISTORY - 10, 1001],
  UPSERT_DOCUMENTS: () => [...place(), ROWS],
  INSERT_EVENTS: () => [...place(), ROWS],
  EFFECTS_OF: () => [["0198c0de-0000-7000-8000-000000000000"]],
  READ_STANDINGS: () => [ROWS],
  READ_DOCUMENT: () => ["order", "1-17"],
  SET_EFFECT: () => [...place(), 100, 100, "applied", null, null],
  SET_PENDING: () => [...place(), 100, 1100],
  READ_PENDING: () => [terminal, 5000],
  READ_DAMAGED: () => [...place(), 1, 100],
  REPAIR_BODY: () => [...place(), 17, Buffer.from("x")],
  REPAIR_HEAD: () => [...place(), 17, null, null, null, false, "00", null],
  READ_AROUND: () => [...place(), [16, 17, 18]],
  READ_END: place,
  SET_HASH: () => [...place(), 17, "00"],
  SET_DAMAGED: () => [...place(), [17]],
  REJUDGE: () => [...place(), [17], [17]],
  WAKE_WAITING: () => ["1-17"],
  RESOLVE_PARKED: () => [...place(), 17, "pending", null, null],
  ADVANCE: () => [...place(), 1, "00", 1, AT, null, null],
  SEEN: () => [...place(), AT, 1],
  APPEND_FEED: () => [...places(), ROWS, 0, "00", 0],
  READ_FEED: () => [terminal, HISTORY - 10, 1001],
  READ_HEADS: () => [...place(), 100, 1100, 500],
  READ_BODIES: () => [...place(), 100, 600, 4_000_000],
  READ_PRIVATES: () => [...place(), 100, 600],
  READ_PRIVATE: () => [...place(), 100],
  DROP_PRIVATE: () => [...place(), [100]],
  RELEASE_PRIVATE: () => [...place(), [100]],
  READ_WHOLE_FEED: () => [HISTORY - 10, 251],
  READ_MARK_AND_WHOLE_FEED: () => [...place(), HISTORY - 10, 251],
  READ_MARKS_AND_WHOLE_FEEDS: () => [...places(), [HISTORY - 10], 251],
  READ_TOLD: () => [slices(), ["order.closed"], 524_288, false],
  READ_TELLABLE: () => [...place(), [17, 18]],
  READ_COMMIT_TIME: () => [17],
  READ_OPEN_ORDERS: () => ["", 50],
  CHANGED: () => [JSON.stringify([{ terminal, incarnation: LIFE, fromSeq: 1, toSeq: 500 }]), "order"],
};

it("has a plan for every statement of ingest", () => {
  const { PUT_PRIVATE: _insertsToo, INSERT_INCARNATION: _onceInALife, RENEW_FEED: _onceInARestore, ...hot } = sql;
  expect(Object.keys(HOT).sort()).toEqual(Object.keys(hot).sort());
});

it.each(Object.keys(HOT))("%s reads no table from end to end, whatever the history", async (name) => {
  const text = new Map(Object.entries<string>(sql)).get(name) ?? "";
  const { orgId, storeId } = store.scope;
  const scans = await inScope(world.database.pool, store.scope, async (client) => {
    const values = [orgId, storeId, ...(HOT[name]?.() ?? [])];
    const { rows } = await client.query<{ "QUERY PLAN": unknown }>({ text: `EXPLAIN (FORMAT JSON) ${text}`, values });
    return scansOf(rows[0]?.["QUERY PLAN"]);
  });
  const large = scans.filter(({ relation }) => LARGE.test(relation));
  expect(large.filter(({ type, rows }) => type === "Seq Scan" || rows > MOST_ROWS)).toEqual([]);
});

it("counting what is unsettled, for monitors, reads partial indexes, whatever the history", async () => {
  const scans = await inRelay(world.database.pool, async (client) => {
    const { rows } = await client.query<{ "QUERY PLAN": unknown }>(`EXPLAIN (FORMAT JSON) ${COUNT_UNSETTLED}`);
    return scansOf(rows[0]?.["QUERY PLAN"]);
  });
  expect(scans.filter(({ type, rows }) => type === "Seq Scan" || rows > MOST_ROWS)).toEqual([]);
  expect(scans.map(({ relation }) => relation)).toContain("change_head");
});

/** A full batch and a bit: what is expected to come from one index for one exchange. */
const MOST_ROWS = 2000;

/** Tables that grow with every sale; partitions of months without any rows are read whole for free. */
const LARGE = /^(change_head|change_body_2026_01|document|feed_entry)$/;

interface Scan {
  readonly type: string;
  readonly relation: string;
  readonly rows: number;
}

function scansOf(node: unknown): Scan[] {
  if (Array.isArray(node)) return node.flatMap(scansOf);
  if (node === null || typeof node !== "object") return [];
  const fields = node as Readonly<Record<string, unknown>>;
  const relation = fields["Relation Name"];
  const scan = { type: String(fields["Node Type"]), relation: String(relation), rows: Number(fields["Plan Rows"]) };
  const own = typeof relation === "string" ? [scan] : [];
  return [...own, ...Object.values(fields).flatMap((value) => (typeof value === "object" ? scansOf(value) : []))];
}
