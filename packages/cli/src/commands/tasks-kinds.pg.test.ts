import { enroll, type RunningServer, startServer } from "@tillsync/server";
import {
  findTasks,
  type MigratedDatabase,
  migratedDatabase,
  SampleLife,
  sampleChangeId,
  sampleSale,
} from "@tillsync/server/testing";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askJson } from "../http-door.ts";
import { tillsync } from "../testing/tillsync-process.ts";

const PLACE = { org: "demo", store: "main", currency: "KES" };

let database: MigratedDatabase;
let server: RunningServer;
let door: string[];
let till: { id: string; key: string };
let scope: { orgId: number; storeId: number };

beforeAll(async () => {
  database = await migratedDatabase();
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log: pino({ level: "silent" }) });
  const { key } = await enroll(server.pool, { ...PLACE, role: "admin", name: "head office" }, 0);
  door = ["--centre", server.url, "--key", key];
  const wanted = { ...PLACE, role: "terminal", name: "T01", terminal: { shortId: "T01" } } as const;
  const enrolled = await enroll(server.pool, wanted, 0);
  scope = { orgId: enrolled.orgId, storeId: enrolled.storeId };
  till = { id: enrolled.terminal ?? "", key: enrolled.key };
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

const errorOf = (stderr: string) => JSON.parse(stderr).error as { code: string; field?: string; message: string };

describe("tillsync tasks", () => {
  it("lists a refund above its sale, has it settled once, and lists that", async () => {
    expect(await tillsync("tasks", "list", ...door)).toMatchObject({ code: 0, stdout: "Nothing to settle.\n" });
    const life = new SampleLife(till.id);
    life.add(sampleSale({ localId: "sale-1" }, 500));
    const original = { localId: "sale-1", receiptNumber: "T01-20260116-00001" };
    const back = { documentType: "return", receiptNumber: "T01-20260116-00002", original };
    life.add(sampleSale({ localId: "back-1", changeId: sampleChangeId("back-1") }, -900, back));
    await askJson({ url: server.url, key: till.key }, "POST", "/api/sync/exchange", life.request());

    // What the running server does every minute.
    await findTasks(server.pool, scope, Date.now());

    const listed = await tillsync("tasks", "list", ...door);
    expect([listed.code, listed.stdout]).toEqual([
      0,
      expect.stringMatching(/found +kind +about +what[\s\S]*refund-exceeds +sale-1 +9\.00 KES given back of 5\.00/),
    ]);
    const { tasks } = JSON.parse((await tillsync("tasks", "list", "--json", ...door)).stdout);
    expect(tasks).toMatchObject([{ kind: "refund-exceeds", subject: "sale-1" }]);

    const settle = ["tasks", "resolve", "refund-exceeds", "sale-1", "--reason", "paid back in cash", "--actor", "Ali"];
    expect(await tillsync(...settle, ...door)).toMatchObject({
      code: 0,
      stdout: "refund-exceeds of sale-1 was settled by Ali: paid back in cash\n",
    });
    expect((await tillsync("tasks", "list", ...door)).stdout).toBe("Nothing to settle.\n");
    const settled = JSON.parse((await tillsync("tasks", "list", "--resolved", "--json", ...door)).stdout);
    expect(settled.tasks).toMatchObject([{ subject: "sale-1", resolvedBy: "Ali", reason: "paid back in cash" }]);
  });

  it("refuses what is no task, an empty reason, and a call without a key", async () => {
    const unknown = await tillsync("tasks", "resolve", "paid-twice", "no-such", "--reason", "x", "--json", ...door);
    expect([unknown.code, errorOf(unknown.stderr).code]).toEqual([1, "NOT_FOUND"]);
    const empty = await tillsync("tasks", "resolve", "paid-twice", "no-such", "--reason", "", "--json", ...door);
    expect([empty.code, errorOf(empty.stderr)]).toMatchObject([1, { code: "INVALID_INPUT", field: "reason" }]);
    const keyless = await tillsync("tasks", "list", "--json", "--data-dir", "/nowhere");
    expect([keyless.code, errorOf(keyless.stderr)]).toMatchObject([1, { code: "CONFIG_INVALID", field: "key" }]);
    expect((await tillsync("tasks", "resolve", "paid-twice")).code).not.toBe(0);
  });
});

describe("tillsync kinds", () => {
  it("lists terminals with their kinds, and makes one of another kind by its short id or its UUID", async () => {
    const listed = await tillsync("kinds", "list", ...door);
    expect([listed.code, listed.stdout]).toEqual([0, expect.stringMatching(/terminal +kind[\s\S]*T01 +retail/)]);
    const set = await tillsync("kinds", "set", "T01", "kitchen-display", ...door);
    expect([set.code, set.stdout]).toEqual([0, expect.stringMatching(/^T01 is of kind kitchen-display: told /)]);
    const byId = await tillsync("kinds", "set", till.id, "retail", "--json", ...door);
    expect(JSON.parse(byId.stdout)).toMatchObject({ terminal: till.id, shortId: "T01", kind: "retail" });
    const { terminals } = JSON.parse((await tillsync("kinds", "list", "--json", ...door)).stdout);
    expect(terminals).toMatchObject([{ shortId: "T01", kind: "retail" }]);
  });

  it("refuses a terminal that is not there, and what is no name of a kind", async () => {
    const terminal = await tillsync("kinds", "set", "T99", "retail", "--json", ...door);
    expect([terminal.code, errorOf(terminal.stderr)]).toMatchObject([1, { code: "NOT_FOUND", field: "terminal" }]);
    const kind = await tillsync("kinds", "set", "T01", "Space Ship!", "--json", ...door);
    expect([kind.code, errorOf(kind.stderr)]).toMatchObject([1, { code: "INVALID_INPUT", field: "kind" }]);
  });
});

it.each([
  ["tasks", "list"],
  ["tasks", "resolve"],
  ["kinds", "list"],
  ["kinds", "set"],
])("tillsync %s %s --help has an example and says --json", async (...command) => {
  const { code, stdout } = await tillsync(...command, "--help");
  expect(code).toBe(0);
  expect(stdout).toContain(`Example:\n  tillsync ${command.join(" ")}`);
  expect(stdout).toContain("--json");
});
