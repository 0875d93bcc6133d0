import { once } from "node:events";
import { watch } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type DeviceStore, DeviceWorld, folderForTest } from "./testing/device-world.ts";
import { ExampleDevice, NODE, PROGRAMS } from "./testing/example-program.ts";

let world: DeviceWorld;
let store: DeviceStore;

beforeAll(async () => {
  world = await DeviceWorld.start();
});
afterAll(() => world.stop());
beforeEach(async () => {
  store = await world.newStore();
});

/** A moment in the life of a request, and what part of the answer has been passed on by then. */
const MOMENTS = {
  "before the server has the request": { passes: false, share: 0 },
  "when the server has stored it, before the answer": { passes: true, share: 0 },
  "with half of the answer": { passes: true, share: 0.5 },
  "when the last byte of the answer has left": { passes: true, share: 1 },
} as const;
type Moment = (typeof MOMENTS)[keyof typeof MOMENTS];

describe.each(PROGRAMS)("$name, killed -9 in the middle of a sync", (program) => {
  beforeEach((context) => {
    if (program.missing !== undefined) context.skip(program.missing);
  });

  it.each(Object.entries(MOMENTS))(
    "%s: goes on where it was, nothing lost or doubled (I1, I7)",
    async (_name, moment) => {
      const folder = folderForTest();
      const deviceOn = (baseUrl: string) =>
        new ExampleDevice(program, { folder, baseUrl, apiKey: store.key, deviceId: "device-a" });
      const other = store.device("device-b");
      other.saveOrderForSync({ id: "b-1", total: 7 });
      await other.syncWithServer();
      for (const id of ["o-1", "o-2", "o-3"]) await deviceOn(store.url).run("sell", "45.99", id);

      const { url, reached } = await relayThatStopsAt(moment);
      const victim = deviceOn(url).start("sync");
      const ended = once(victim, "close");
      await reached;
      victim.kill("SIGKILL");
      await ended;

      // Whatever of the answer it had time for: what is not marked is sent again.
      await deviceOn(store.url).run("sync");
      expect(await deviceOn(store.url).stats()).toMatchObject({ pendingOrders: 0, syncedOrders: 4, failedOrders: 0 });
      expect(await store.changes()).toEqual(["b-1 applied", "o-1 applied", "o-2 applied", "o-3 applied"]);
      expect(await deviceOn(store.url).totals()).toEqual({ "b-1": 7, "o-1": 45.99, "o-2": 45.99, "o-3": 45.99 });
    },
  );
});

it.each([1, 10, 35])(
  "sync-client.ts, killed -9 after it marked %i of 40 orders, sends the rest again (I1)",
  async (marks) => {
    const folder = folderForTest();
    const kept = join(folder, "till-data");
    const seller = store.device("device-a", { folder: kept });
    for (let n = 0; n < 40; n++) seller.saveOrderForSync({ id: `o-${n}`, total: n + 0.5 });
    const device = new ExampleDevice(NODE, { folder, baseUrl: store.url, apiKey: store.key, deviceId: "device-a" });
    const marked = watchFor(join(kept, "order"), marks);
    const victim = device.start("sync");
    const ended = once(victim, "close");
    await marked;
    victim.kill("SIGKILL");
    await ended;
    await device.run("sync");
    expect(seller.getSyncStats()).toMatchObject({ pendingOrders: 0, syncedOrders: 40, failedOrders: 0 });
    expect(await store.changes()).toEqual(Array.from({ length: 40 }, (_, n) => `o-${n} applied`).sort());
  },
);

/** Resolves once so many files of a folder were replaced. */
function watchFor(folder: string, files: number): Promise<void> {
  const seen = new Set<string>();
  const watcher = watch(folder);
  onTestFinished(() => watcher.close());
  return new Promise((resolve) => {
    watcher.on("change", (_type, name) => {
      if (!String(name).endsWith(".json")) return;
      seen.add(String(name));
      if (seen.size >= files) resolve();
    });
  });
}

/** Passes one request on to the server and gives so much of the answer back; says when. */
async function relayThatStopsAt({ passes, share }: Moment): Promise<{ url: string; reached: Promise<void> }> {
  const reached = Promise.withResolvers<void>();
  const relay = createServer((request, response) => {
    passOn(request, response).then(reached.resolve, reached.reject);
  });
  async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    if (!passes) return;
    const headers = { "content-type": "application/json", authorization: `Bearer ${store.key}` };
    const answer = await fetch(`${store.url}${request.url}`, { method: "POST", headers, body });
    const text = await answer.text();
    if (share === 0) return;
    response.writeHead(answer.status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    });
    const part = text.slice(0, text.length * share);
    await new Promise<void>((resolve) => response.write(part, () => resolve()));
  }
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  onTestFinished(() => {
    relay.closeAllConnections();
    relay.close();
  });
  return { url: `http://127.0.0.1:${(relay.address() as AddressInfo).port}`, reached: reached.promise };
}
