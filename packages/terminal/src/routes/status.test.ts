import type { FastifyInstance } from "fastify";
import { beforeEach, expect, it } from "vitest";
import { terminalApp } from "../app.ts";
import { FakeTerminal } from "../testing/fake-terminal.ts";
import { STATUS, sale } from "../testing/samples.ts";

let terminal: FakeTerminal;
let app: FastifyInstance;

beforeEach(() => {
  terminal = new FakeTerminal();
  app = terminalApp({ terminal });
});

it("/api/status is what the terminal says", async () => {
  const response = await app.inject("/api/status");
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual(STATUS);
});

it("/health is 200 while the till can sell, whatever head office does", async () => {
  const response = await app.inject("/health");
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({
    status: "ok",
    terminal: "T01",
    database: "ok",
    central: "retrying",
    pending: 3,
    storage: "The till's disk is nearly full: free space. Below 64 MiB no reference data is fetched.",
    parts: { database: "up", central: "offline", kafka: "disabled", sync: "retrying", storage: "low" },
    counts: { pending: 3, failed: 0 },
  });
});

it("/health is 503 when the database failed and selling stopped", async () => {
  terminal.setStatus({ stopped: { code: "JOURNAL_BROKEN", message: "The journal is damaged." } });
  const response = await app.inject("/health");
  expect(response.statusCode).toBe(503);
  expect(response.json()).toMatchObject({
    status: "stopped",
    database: "failed",
    parts: { database: "down", sync: "stopped" },
  });
});

it("/api/sync/now answers what was sent and what is left", async () => {
  const response = await app.inject({ method: "POST", url: "/api/sync/now" });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({
    sent: 3,
    sentByKind: { "order.closed": 3 },
    left: 0,
    leftByKind: {},
    reason: null,
  });
});

it("/api/sync/now takes no fields", async () => {
  const response = await app.inject({ method: "POST", url: "/api/sync/now", payload: { all: true } });
  expect(response.statusCode).toBe(400);
  expect(response.json().error.field).toBe("all");
});

it("/api/explain finds by receipt number and by localId", async () => {
  await app.inject({ method: "POST", url: "/api/orders", payload: sale("order-1") });
  const byId = await app.inject("/api/explain/order-1");
  const byReceipt = await app.inject("/api/explain/T01-20260116-00001");
  expect(byId.json()).toMatchObject({ localId: "order-1", receiptNumber: "T01-20260116-00001" });
  expect(byReceipt.json()).toEqual(byId.json());
});

it("/api/explain says when the till knows nothing of it", async () => {
  const response = await app.inject("/api/explain/T09-20260116-00001");
  expect(response.statusCode).toBe(404);
  expect(response.json().error.code).toBe("NOT_FOUND");
});
