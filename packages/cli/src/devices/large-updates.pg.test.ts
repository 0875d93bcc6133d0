import { readFileSync } from "node:fs";
import { join } from "node:path";
import { enroll } from "@tillsync/server";
import { migratedDatabase } from "@tillsync/server/testing";
import { expect, it, onTestFinished } from "vitest";
import { Child } from "../demo/child.ts";
import { freePorts } from "../testing/free-ports.ts";
import { folderForTest } from "./testing/device-world.ts";

const ORDERS = 20_000;
const BATCH = 1000;
const MIB = 1024 * 1024;
/** Each order: so much text that all of them do not fit into the memory that the server is given. */
const NOTE = "a long note about bread. ".repeat(280);

it(`streams ${ORDERS} documents to one device: the server never holds them all`, {
  timeout: 300_000,
}, async (context) => {
  if (process.platform !== "linux") context.skip("not run: the memory of a process is read from /proc");
  const database = await migratedDatabase();
  onTestFinished(() => database.drop());
  const place = { org: "demo", store: "main", currency: "KES" };
  const { key } = await enroll(database.pool, { ...place, role: "foreign", name: "any POS" }, Date.now());
  const server = await Child.start({
    name: "server",
    args: ["server", "--port", String(await freePorts(1))],
    env: { DATABASE_URL: database.url },
    logFile: join(folderForTest(), "server.log"),
    onDeath: (why) => expect.fail(`the server died: ${why}`),
  });
  onTestFinished(() => server.stop());
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  for (let at = 0; at < ORDERS; at += BATCH) {
    const orders = Array.from({ length: BATCH }, (_, index) => ({
      order: { total: 1.5, note: NOTE },
      localId: `o-${at + index}`,
    }));
    const body = JSON.stringify({ deviceId: "device-a", orders });
    const response = await fetch(`${server.url}/api/sync/batch`, { method: "POST", headers, body });
    expect(response.status, await response.text()).toBe(200);
  }
  const beforeBytes = residentBytes(server.pid);
  const answer = await fetch(`${server.url}/api/sync/updates?deviceId=device-b&since=0`, { headers });
  let [bytes, documents, mostBytes] = [0, 0, 0];
  for await (const piece of answer.body ?? []) {
    bytes += piece.length;
    documents += Buffer.from(piece).toString("latin1").split('"localId":').length - 1;
    mostBytes = Math.max(mostBytes, residentBytes(server.pid));
  }
  const grownBytes = mostBytes - beforeBytes;
  context.annotate(`${Math.round(bytes / MIB)} MiB told, ${Math.round(grownBytes / MIB)} MiB more memory at most`);
  expect(bytes).toBeGreaterThan(120 * MIB);
  expect(documents).toBeGreaterThan(ORDERS * 0.99);
  expect(grownBytes).toBeLessThan(bytes / 2);
});

function residentBytes(pid: number | undefined): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}
