import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { enroll, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase, tempFolder } from "@tillsync/server/testing";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { verify } from "./verify.ts";

const DAY = "2026-01-16";
/** Nobody listens there. */
const NOWHERE = { url: "http://127.0.0.1:9", key: "none" };

let database: MigratedDatabase;
let server: RunningServer;

beforeAll(async () => {
  database = await migratedDatabase();
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log: pino({ level: "silent" }) });
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

function sell(till: Terminal, ...ids: string[]): (string | undefined)[] {
  const lines = [{ item: "bread", quantity: "1", unitPrice: "2.50" }];
  const tenders = [{ type: "cash", amountMinor: 250 }];
  return ids.map((localId) => till.closeOrder({ localId, lines, tenders }).receiptNumber);
}

/** Two sales, then database and witness are copied; three more go to head office, and both are put back. */
async function rolledBack(shortId: string) {
  const place = { org: "demo", store: "main", currency: "KES" };
  const wanted = { ...place, role: "terminal", name: shortId, terminal: { shortId } } as const;
  const { terminal, key } = await enroll(server.pool, wanted, 0);
  const file = join(tempFolder(), "till.db");
  const central = { url: server.url, key };
  const own = { file, terminal: terminal ?? "", shortId, store: "main", currency: "KES" };
  const open = (to: { url: string; key: string } = central) => openTerminal({ ...own, central: to });
  const first = open();
  first.openShift({ localId: `${shortId}-s`, operator: "Amina", businessDate: DAY });
  sell(first, `${shortId}-a`, `${shortId}-b`);
  await first.syncNow();
  await first.close();
  const parts = [file, `${file}.witness`];
  for (const part of parts) copyFileSync(part, `${part}.backup`);
  const second = open();
  sell(second, `${shortId}-c`, `${shortId}-d`, `${shortId}-e`);
  await second.syncNow();
  await second.close();
  for (const tail of ["-wal", "-shm"]) rmSync(`${file}${tail}`, { force: true });
  for (const part of parts) copyFileSync(`${part}.backup`, part);
  return { file, central, open };
}

it("a till that was rolled back with its witness hears of it before it sells, has its sales back, and repeats no number", async () => {
  const { file, central, open } = await rolledBack("T01");
  const till = open();
  for (let rounds = 0; rounds < 3; rounds++) await till.syncNow();
  expect(till.status()).toMatchObject({ incarnationOrdinal: 2, pending: 0, lanes: [{ halted: null }] });
  expect(till.order("T01-e")?.receiptNumber).toBe("T01-20260116-00005");
  expect(sell(till, "T01-x")[0]).toMatch(/^T01R...-20260116-00001$/);
  await till.syncNow();
  await till.close();
  const { receipts, equal } = await verify({ file, centre: central });
  expect({ gaps: receipts.gaps, equal }).toEqual({ gaps: 0, equal: true });
});

it("one that sold offline first gave a number again, keeps both sales, and gives none again afterwards", async () => {
  const { open } = await rolledBack("T02");
  const offline = open(NOWHERE);
  // Nobody could know: this number is out there twice, on two papers.
  expect(sell(offline, "T02-x")).toEqual(["T02-20260116-00003"]);
  await offline.close();
  const till = open();
  for (let rounds = 0; rounds < 3; rounds++) await till.syncNow();
  expect(till.status()).toMatchObject({ pending: 0, syncedOrders: 6, failedOrders: 0 });
  expect(till.order("T02-x")?.receiptNumber).toBe("T02-20260116-00003");
  expect(till.order("T02-c")?.receiptNumber).toBe("T02-20260116-00003");
  expect(sell(till, "T02-y")[0]).toMatch(/^T02R...-20260116-00001$/);
  await till.close();
});
