import { enroll, startServer } from "@tillsync/server";
import { migratedDatabase } from "@tillsync/server/testing";
import pg from "pg";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { tillsync } from "../testing/tillsync-process.ts";

const TASK = `INSERT INTO tillsync.task (org_id, store_id, kind, subject, evidence, created_at)
  VALUES ($1, $2, 'paid-twice', 'table-7', '[]', '2026-01-16T10:00:00Z')`;

it("shows what is to be settled, notes how it was, and tells whoever comes second", async () => {
  const database = await migratedDatabase();
  onTestFinished(() => database.drop());
  const log = pino({ level: "silent" });
  const server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log });
  onTestFinished(() => server.close());
  const place = { org: "demo", store: "main", currency: "KES" };
  const { key, orgId, storeId } = await enroll(database.pool, { ...place, role: "admin", name: "Grace" }, 0);
  const tasks = (...args: readonly string[]) => tillsync("tasks", ...args, "--centre", server.url, "--key", key);
  expect(await tasks("list")).toMatchObject({ code: 0, stdout: "Nothing to settle.\n" });

  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  await admin.query(TASK, [orgId, storeId]);
  await admin.end();
  expect((await tasks("list")).stdout).toMatch(/paid-twice +table-7/);
  const settled = await tasks("resolve", "paid-twice", "table-7", "--reason", "paid back to the card");
  expect(settled).toMatchObject({
    code: 0,
    stdout: "paid-twice of table-7 was settled by Grace: paid back to the card\n",
  });
  const again = await tasks("resolve", "paid-twice", "table-7", "--reason", "given back in cash", "--json");
  expect({ code: again.code, said: again.stdout + again.stderr }).toMatchObject({
    said: expect.stringContaining("paid back to the card"),
  });
  const [task] = JSON.parse((await tasks("list", "--resolved", "--json")).stdout).tasks;
  expect(task).toMatchObject({ subject: "table-7", resolvedBy: "Grace", reason: "paid back to the card" });
  expect(await tasks("resolve", "paid-twice", "table-8", "--reason", "x")).toMatchObject({ code: 1 });
}, 120_000);
