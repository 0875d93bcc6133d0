import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ANSWER, testApp } from "../testing/test-app.ts";
import { centreMetrics, type Metrics } from "./metrics.ts";

/** Nobody listens there, and nothing in this file may ask. */
const nowhere = new pg.Pool({ connectionString: "postgresql://127.0.0.1:1/none", max: 1 });
const counts = { pending: 1, waiting: 0, parked: 2, conflict: 0 };

let metrics: Metrics;
beforeAll(() => {
  metrics = centreMetrics(nowhere, async () => counts);
});
afterAll(() => metrics.stop());

const lines = async () => (await metrics.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));

const request = (...bodies: string[]) => ({
  protocolVersion: 1,
  terminal: "0190a5da-c967-774b-8cce-b302099a8057",
  incarnation: "00000000000000aa",
  fromSeq: 11,
  prevHash: "0".repeat(64),
  changes: bodies.map((body) => ({ body, hash: "0".repeat(64) })),
  headSeq: 20,
  cursor: null,
});
const body = (kind: string, payload = "{}") =>
  `{"businessDate":"2026-01-16","changeId":"019bc5d1-8000-7000-8000-000000000003","kind":"${kind}","payload":${payload}}`;

it("counts exchanges, how long they took, and what of them is stored by kind", async () => {
  const sent = request(body("order.closed"), body("order.closed"), body("shift.closed"), body("inventory.updated"));
  metrics.exchanged(sent, 20, { ...ANSWER, durableThrough: 13 });
  metrics.exchanged(sent, 4_000);
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'tillsync_exchanges_total{outcome="ok"} 1',
      'tillsync_exchanges_total{outcome="refused"} 1',
      'tillsync_exchange_duration_seconds_sum{outcome="ok"} 0.02',
      'tillsync_exchange_duration_seconds_bucket{le="0.025",outcome="ok"} 1',
      'tillsync_changes_stored_total{kind="order.closed"} 2',
      'tillsync_changes_stored_total{kind="shift.closed"} 1',
    ]),
  );
  expect((await lines()).join("\n")).not.toContain("inventory.updated");
});

it("makes no label of what a till wrote", async () => {
  const texts = [body("no.such-kind"), body("x", `{"kind":"order.voided"}`), "{}", "0722000000"];
  metrics.exchanged(request(...texts), 1, { ...ANSWER, durableThrough: 14 });
  const text = (await lines()).join("\n");
  expect(text).toContain('tillsync_changes_stored_total{kind="other"} 4');
  expect(text).not.toMatch(/no\.such|0722|order\.voided/);
});

it("counts documents of other makes, refusals by code, and what is unsettled", async () => {
  metrics.synced("order", "in sync");
  metrics.refused("FORBIDDEN");
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'tillsync_documents_synced_total{what="order",result="in-sync"} 1',
      'tillsync_refusals_total{code="FORBIDDEN"} 1',
      'tillsync_unsettled_changes{effect="parked"} 2',
      'tillsync_pool_connections{state="waiting"} 0',
    ]),
  );
});

it("leaves out what the database did not say", async () => {
  const lonely = centreMetrics(nowhere, async () => undefined);
  expect(await lonely.text()).not.toContain("tillsync_unsettled_changes{");
  lonely.stop();
});

it("measures the process itself", async () => {
  const values = Object.fromEntries((await lines()).map((line) => line.split(" ") as [string, string]));
  expect(Number(values.tillsync_resident_memory_bytes)).toBeGreaterThan(1e6);
  expect(Number(values['tillsync_event_loop_delay_seconds{quantile="1"}'])).toBeGreaterThanOrEqual(0);
});

it("is not open to whoever asks, from this machine neither", async () => {
  const { app } = testApp(nowhere);
  for (const headers of [{}, { "x-forwarded-for": "203.0.113.9" }, { authorization: "Basic x" }]) {
    expect((await app.inject({ url: "/metrics", headers })).statusCode).toBe(401);
  }
});
