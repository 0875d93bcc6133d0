import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { FaultProxy } from "../demo/fault-proxy.ts";
import { type DeviceStore, DeviceWorld, folderForTest } from "./testing/device-world.ts";
import { EXAMPLE_FOLDER, ExampleDevice, environmentOf, PROGRAMS, PYTHON } from "./testing/example-program.ts";

const NOWHERE = "http://127.0.0.1:1";
let world: DeviceWorld;
let store: DeviceStore;

beforeAll(async () => {
  world = await DeviceWorld.start();
});
afterAll(() => world.stop());
beforeEach(async () => {
  store = await world.newStore();
});

describe.each(PROGRAMS)("$name as processes of its own", (program) => {
  beforeEach((context) => {
    if (program.missing !== undefined) context.skip(program.missing);
  });
  /** The same device, now with this way to the server. */
  const deviceOn = (deviceId: string) => {
    const folder = folderForTest();
    return (baseUrl: string, more = {}) =>
      new ExampleDevice(program, { folder, baseUrl, apiKey: store.key, deviceId, more });
  };

  it("sells offline, fails to sync with a reason, and syncs when there is a server", async () => {
    const device = deviceOn("device-a");
    expect(await device(NOWHERE).run("sell", "45.99", "o-1")).toMatchObject([
      { localId: "o-1", syncStatus: "PENDING", syncVersion: 1, deviceId: "device-a", order: { total: 45.99 } },
    ]);
    await expect(device(NOWHERE).run("sync")).rejects.toThrow(/exit code 1: .+/);
    expect(await device(NOWHERE).stats()).toMatchObject({
      pendingOrders: 1,
      syncedOrders: 0,
      failedOrders: 0,
      lastSyncTimestamp: null,
    });
    expect(await device(store.url).run("sync")).toMatchObject([
      { syncedOrders: [{ success: true }], syncedTransactions: [] },
    ]);
    expect(await device(store.url).stats()).toMatchObject({ pendingOrders: 0, syncedOrders: 1, failedOrders: 0 });
    expect(await store.storedOrders()).toEqual([{ localId: "o-1", version: 1, state: "closed" }]);
  });

  it("sends ten times what got no answer, and there is one row (I1)", async () => {
    const link = await FaultProxy.open({ target: { port: Number(new URL(store.url).port) } });
    onTestFinished(() => link.close());
    const device = deviceOn("device-a");
    await device(NOWHERE).run("sell", "45.99", "o-1");
    for (let time = 1; time <= 9; time++) {
      link.cutAfterBytes(time * 40, "down");
      await expect(device(link.url).run("sync")).rejects.toThrow(/exit code 1/);
    }
    expect(await device(NOWHERE).stats()).toMatchObject({ pendingOrders: 1, syncedOrders: 0 });
    expect(await device(link.url).run("sync")).toMatchObject([{ syncedOrders: [{ success: true }] }]);
    expect(await store.changes()).toEqual(["o-1 applied"]);
  });

  it("gives way to the server in a conflict, and hears of edits and deletions at head office", async () => {
    const [a, b] = [deviceOn("device-a")(store.url), deviceOn("device-b")(store.url)];
    await a.run("sell", "100", "o-1");
    await a.run("sell", "5", "o-2");
    await a.run("sync");
    const order = { id: "o-1", total: 150 };
    expect(await store.atHeadOffice("PUT", "o-1", { order, reason: "wrong price" })).toBe(200);
    expect(await store.atHeadOffice("DELETE", "o-2", { reason: "rung up twice" })).toBe(200);
    await b.run("sell", "120", "o-1");
    expect(await b.run("sync")).toMatchObject([
      { syncedOrders: [{ success: false, conflicts: [{ conflictType: "VERSION_MISMATCH" }] }] },
    ]);
    await a.run("sync");
    expect([await a.totals(), await b.totals()]).toEqual([{ "o-1": 150 }, { "o-1": 150 }]);
    expect(await store.order("o-1")).toMatchObject({ order: { total: 150 }, syncVersion: 2 });
    // From the version it took over it may go on.
    await b.run("sell", "160", "o-1");
    await b.run("sync");
    expect(await store.order("o-1")).toMatchObject({ order: { total: 160 }, syncVersion: 3 });
  });

  it("syncs in the background by itself", async () => {
    const device = deviceOn("device-a")(store.url, { SYNC_INTERVAL_SECONDS: "0.01" });
    const watch = device.start("watch");
    onTestFinished(() => void watch.kill("SIGKILL"));
    const lines = createInterface({ input: watch.stdout });
    await nextSuccess(lines);
    await device.run("sell", "45.99", "o-1");
    // The first of two may have begun before the sale.
    await nextSuccess(lines);
    await nextSuccess(lines);
    expect(await device.stats()).toMatchObject({ pendingOrders: 0, syncedOrders: 1 });
    expect(await store.storedOrders()).toHaveLength(1);
  });
});

it("takes 1,000 orders of the Python twin in one batch", async (context) => {
  if (PYTHON.missing !== undefined) context.skip(PYTHON.missing);
  const program = [
    "import os, sync_client",
    "service = sync_client.SyncService(os.environ['DATA_FILE'], os.environ['API_BASE_URL'], 'device-a', os.environ['API_KEY'])",
    "for n in range(1000): service.save_order_for_sync({'id': f'o-{n}', 'total': n + 0.25})",
    "result = service.sync_with_server()",
    "assert all(one['success'] for one in result['syncedOrders']) and len(result['syncedOrders']) == 1000",
    "assert service.sync_state == {'name': 'Success'} and service.get_sync_stats()['syncedOrders'] == 1000",
  ].join("\n");
  const env = environmentOf({ folder: folderForTest(), baseUrl: store.url, apiKey: store.key });
  const child = spawn("python3", ["-c", program], { cwd: EXAMPLE_FOLDER, env, stdio: ["ignore", "ignore", "inherit"] });
  expect(await once(child, "close")).toEqual([0, null]);
  expect(await store.storedOrders()).toHaveLength(1000);
});

it("runs the commands of examples/sync-client/README.md as they stand there, without a key", async (context) => {
  if (PYTHON.missing !== undefined) context.skip(PYTHON.missing);
  const readme = readFileSync(join(EXAMPLE_FOLDER, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = ""]) => block);
  expect(blocks).toHaveLength(1);
  const demo = await DeviceWorld.start({ openDevices: true });
  onTestFinished(() => demo.stop());
  await demo.newStore();
  const env = environmentOf({ folder: folderForTest(), baseUrl: demo.server.url });
  // On this machine it is Node 24 that is called `node`, wherever it lies.
  const script = `node() { ${JSON.stringify(process.execPath)} "$@"; }\n${blocks[0]}`;
  const child = spawn("sh", ["-e", "-c", script], { cwd: EXAMPLE_FOLDER, env });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code] = await once(child, "close");
  expect(code, said).toBe(0);
  const lines = said
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { order: { total: 45.99 }, syncStatus: "PENDING" },
    { pendingOrders: 1 },
    { syncedOrders: [{ success: true }] },
    { syncedOrders: [] },
    { order: { total: 45.99 }, syncStatus: "SYNCED" },
  ]);
});

/** Waits for the line of a round that went well. */
async function nextSuccess(lines: NodeJS.EventEmitter): Promise<void> {
  for (;;) {
    const [line] = await once(lines, "line");
    if (JSON.parse(String(line)).name === "Success") return;
  }
}
