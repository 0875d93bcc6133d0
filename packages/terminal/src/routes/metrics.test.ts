import type { Attempt } from "@tillsync/engine";
import type { FastifyInstance } from "fastify";
import { beforeEach, expect, it } from "vitest";
import { terminalApp } from "../app.ts";
import { FakeTerminal } from "../testing/fake-terminal.ts";
import { recordedSample } from "../testing/samples.ts";

const ATTEMPT: Attempt = {
  lane: "central",
  correlationId: "01890a5d-ac96-774b-bcce-0000000000c1",
  attemptNumber: 1,
  startedAtMs: 0,
  durationMs: 500,
  outcome: "ok",
  code: null,
  message: null,
  shouldRetry: false,
  sent: 3,
  fromSeq: 1,
  changes: 3,
};

let terminal: FakeTerminal;
let app: FastifyInstance;

beforeEach(() => {
  terminal = new FakeTerminal();
  app = terminalApp({ terminal });
});

async function lines(): Promise<string[]> {
  const response = await app.inject("/metrics");
  expect(response.statusCode).toBe(200);
  expect(response.headers["content-type"]).toContain("text/plain");
  return response.body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

it("counts attempts, failures by code and how long they took, from its start on", async () => {
  terminal.emit({ type: "attempt", attempt: ATTEMPT });
  terminal.emit({ type: "attempt", attempt: { ...ATTEMPT, durationMs: 1500, outcome: "failed", code: "UNREACHABLE" } });
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'tillsync_sync_attempts_total{lane="central",outcome="ok"} 1',
      'tillsync_sync_attempts_total{lane="central",outcome="failed"} 1',
      'tillsync_sync_failures_total{lane="central",code="UNREACHABLE"} 1',
      'tillsync_sync_duration_seconds_sum{lane="central"} 2',
      'tillsync_sync_duration_seconds_count{lane="central"} 2',
      'tillsync_sync_duration_seconds{quantile="0.99",lane="central"} 1.5',
    ]),
  );
});

it("never makes a label of something that is not on a list", async () => {
  terminal.emit({ type: "attempt", attempt: { ...ATTEMPT, outcome: "failed", code: "0722000000 said no" } });
  const text = (await lines()).join("\n");
  expect(text).toContain('tillsync_sync_failures_total{lane="central",code="INTERNAL"} 1');
  expect(text).not.toContain("0722000000");
});

it("shows the status of the moment in which it is asked", async () => {
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'tillsync_pending_changes{lane="central"} 3',
      'tillsync_pending_documents{kind="order"} 1',
      'tillsync_synced_total{kind="order"} 0',
      'tillsync_lane_state{lane="central",state="retrying"} 1',
      'tillsync_lane_state{lane="central",state="settled"} 0',
      'tillsync_connectivity{target="central",state="offline"} 1',
      'tillsync_connectivity{target="central",state="online"} 0',
      'tillsync_breaker_state{lane="central",state="closed"} 1',
      'tillsync_stalls{lane="central"} 0',
      'tillsync_light{color="red"} 1',
      "tillsync_up 1",
    ]),
  );
  const [lane] = terminal.status().lanes;
  if (lane === undefined) throw new Error("the sample has a lane");
  terminal.setStatus({
    syncedOrders: 7,
    syncedTransactions: 2,
    light: "green",
    lanes: [{ ...lane, state: "settled", failures: 0, pending: 0, breaker: "open", stalls: 2 }],
    connectivity: [{ target: "central", state: "online", since: null, lastAnswerAt: null }],
  });
  const later = await lines();
  expect(later).toEqual(
    expect.arrayContaining([
      'tillsync_synced_total{kind="order"} 7',
      'tillsync_synced_total{kind="transaction"} 2',
      'tillsync_lane_state{lane="central",state="settled"} 1',
      'tillsync_lane_state{lane="central",state="retrying"} 0',
      'tillsync_connectivity{target="central",state="online"} 1',
      'tillsync_connectivity{target="central",state="offline"} 0',
      'tillsync_breaker_state{lane="central",state="open"} 1',
      'tillsync_breaker_state{lane="central",state="closed"} 0',
      'tillsync_stalls{lane="central"} 2',
    ]),
  );
  const withoutAge = (all: string[]) => all.filter((line) => !line.includes("_age_"));
  expect(withoutAge(await lines())).toEqual(withoutAge(later));
});

it("says how long the oldest change waits, and 0 when none does", async () => {
  const age = async () => {
    const line = (await lines()).find((one) => one.startsWith("tillsync_oldest_pending_age_seconds"));
    return Number(line?.split(" ")[1]);
  };
  expect(await age()).toBeGreaterThan(24 * 60 * 60);
  terminal.setStatus({ queue: [{ queueType: "CentralSync", pending: 0, failed: 0, oldestAt: null }] });
  expect(await age()).toBe(0);
});

it("counts what was recorded, and repeats not", async () => {
  terminal.emit({ type: "recorded", recorded: recordedSample(1) });
  terminal.emit({ type: "recorded", recorded: { ...recordedSample(1), duplicate: true } });
  expect(await lines()).toContain('tillsync_recorded_total{kind="order.closed"} 1');
});

it("is open on loopback, and wants the key of a till that has one", async () => {
  const closed = terminalApp({ terminal, key: "secret", host: "0.0.0.0" });
  expect((await closed.inject("/metrics")).statusCode).toBe(401);
  const authorization = "Bearer secret";
  expect((await closed.inject({ url: "/metrics", headers: { authorization } })).statusCode).toBe(200);
});

it("stops listening to the terminal when the door closes", async () => {
  await app.ready();
  expect(terminal.listeners.size).toBeGreaterThan(0);
  await app.close();
  expect(terminal.listeners.size).toBe(0);
});
