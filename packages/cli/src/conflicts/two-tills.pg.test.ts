import { join } from "node:path";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { enroll, type RunningServer, startServer } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase, tempFolder } from "@tillsync/server/testing";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { askJson } from "../http-door.ts";
import { tillsync } from "../testing/tillsync-process.ts";

const PLACE = { org: "demo", store: "main", currency: "KES" };
const PATIENCE = { timeout: 120_000, interval: 50 };

let database: MigratedDatabase;
let server: RunningServer;
let admin: { url: string; key: string };

beforeAll(async () => {
  database = await migratedDatabase();
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log: pino({ level: "silent" }) });
  const { key } = await enroll(server.pool, { ...PLACE, role: "admin", name: "head office" }, 0);
  admin = { url: server.url, key };
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

async function openTill(shortId: string): Promise<Terminal> {
  const wanted = { ...PLACE, role: "terminal", name: shortId, terminal: { shortId } } as const;
  const { terminal: id = "", key } = await enroll(server.pool, wanted, 0);
  const file = join(tempFolder(), "till.db");
  const central = { url: server.url, key };
  const options = { file, terminal: id, shortId, store: "main", currency: "KES", intervalMs: 1_000, central };
  const terminal = openTerminal({ ...options, profile: "shift" });
  onTestFinished(() => terminal.close(0));
  await terminal.syncNow();
  return terminal;
}

/** What a till shows of a customer once nothing of its own is on the way any more. */
const settled = async (till: Terminal, id: string) => {
  // Asks head office for news as well.
  await till.syncNow();
  const record = till.lookUp.customer(id);
  return record?.pending === 0 ? record.fields : undefined;
};

it("merges what two tills did to one customer, keeps what lost, and brings it back on both tills", async () => {
  const [one, two] = [await openTill("T01"), await openTill("T02")];
  one.editCustomer({ id: "c-1", set: { name: "Wanjiku", phone: "0700" } });
  await one.syncNow();
  const seen = { name: "Wanjiku", phone: "0700" };
  await expect.poll(() => settled(two, "c-1"), PATIENCE).toEqual(seen);
  await expect.poll(() => settled(one, "c-1"), PATIENCE).toEqual(seen);

  const aMinuteAgo = new Date(Date.now() - 60_000).toISOString();
  one.editCustomer({ id: "c-1", set: { phone: "0711", email: "w@example.ke" }, occurredAt: aMinuteAgo });
  two.editCustomer({ id: "c-1", set: { phone: "0722", address: "Moi Avenue" }, add: { points: 3 }, editId: "sale-1" });
  await two.syncNow();
  await one.syncNow();
  const merged = { name: "Wanjiku", phone: "0722", email: "w@example.ke", address: "Moi Avenue" };
  for (const till of [one, two]) await expect.poll(() => settled(till, "c-1"), PATIENCE).toEqual(merged);

  const door = ["--centre", admin.url, "--key", admin.key];
  const listed = await tillsync("conflicts", "list", ...door);
  expect(listed.stdout).toMatch(/1 +customer +c-1 +CONCURRENT_MODIFICATION +LAST_WRITE_WINS +T01 +T02/);
  const shown = await tillsync("conflicts", "show", "1", ...door);
  expect(shown.stdout).toMatch(/phone +0711 +0722/);
  const resolved = await tillsync("conflicts", "resolve", "1", "--keep", "mine", "--reason", "phoned her", ...door);
  expect(resolved).toMatchObject({ code: 0, stdout: "conflict 1: KEEP_MINE by head office\n" });
  const restored = { ...merged, phone: "0711" };
  for (const till of [one, two]) await expect.poll(() => settled(till, "c-1"), PATIENCE).toEqual(restored);

  const again = await tillsync("conflicts", "resolve", "1", "--keep", "theirs", "--reason", "no", "--json", ...door);
  expect([again.code, JSON.parse(again.stderr).error.code]).toEqual([1, "CONFLICT_RESOLVED"]);
  const { history } = await askJson<{ history: object[] }>(admin, "GET", "/api/conflicts/1");
  expect(history).toMatchObject([
    { what: "LAST_WRITE_WINS" },
    { what: "KEEP_MINE", by: "head office", reason: "phoned her" },
  ]);
  expect(await askJson(admin, "GET", "/api/conflicts?state=open")).toMatchObject({ conflicts: [], open: 0 });
}, 90_000);
