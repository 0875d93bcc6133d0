import type { Socket } from "node:net";
import { LIMITS } from "@tillsync/protocol";
import { tellFigures } from "@tillsync/protocol/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Abuse, centreAbuses, type Door, jsonAbuses, tillAbuses, wireAbuses } from "./testing/abuses.ts";
import { LiveDoors, memoryOf, probe, resetPeak } from "./testing/live-doors.ts";
import { converse, open, parseAnswers, requestBytes } from "./testing/raw-http.ts";

/** A bound for a machine that has other things to do; alone, all of it takes about a minute. */
vi.setConfig({ testTimeout: 240_000 });

const MIB = 1024 * 1024;
/** Every abuse this often at the same time, so that what one of them costs is seen. */
const AT_A_TIME = 8;
/** Connections that say nothing, or drip their headers. */
const IDLE = 1500;
const DRIPPING = 100;
/**
 * What a process may take at its worst above what it had before: eight of the largest bodies in every stage (4 MiB on the
 * wire, 8 MiB unpacked, 16 MiB as text of two bytes a character) and garbage that waits for its collection.
 */
const MAX_PEAK_BYTES = 400 * MIB;
const SALE = {
  localId: "a-1",
  lines: [{ item: "bread", quantity: "2", unitPrice: "60.00" }],
  tenders: [{ type: "cash", amountMinor: 12_000 }],
};

let doors: LiveDoors;

beforeAll(async () => {
  doors = await LiveDoors.start();
});
afterAll(() => doors.stop());

const centreDoor = (): Door => ({
  host: new URL(doors.server.url).host,
  route: "POST /api/sync/exchange",
  key: doors.keys.terminal.key,
});
const tillDoor = (): Door => ({ host: new URL(doors.till.url).host, route: "POST /api/orders", key: doors.localKey });

describe.each(["server", "till"] as const)("the %s", (name) => {
  it("refuses every abuse by code, field and limit, while it answers for its health and keeps its memory", async () => {
    const { url, pid } = doors[name];
    const abuses = name === "server" ? await abusesOfCentre() : abusesOfTill();
    const before = memoryOf(pid);
    resetPeak(pid);
    const prober = probe(url);
    for (const abuse of abuses) {
      const conversations = await Promise.all(
        Array.from({ length: AT_A_TIME }, () => converse(url, abuse.bytes, { expect: 1 })),
      );
      for (const { answers } of conversations) judge(abuse, answers[0]);
    }
    const health = await prober.stop();
    const after = memoryOf(pid);
    tellFigures({ name, abuses: abuses.length, healthy: health.healthy, before, after });
    expect(health).toMatchObject({ others: [] });
    expect(health.healthy).toBeGreaterThan(0);
    if (before && after) expect(after.peakBytes - before.residentBytes).toBeLessThan(MAX_PEAK_BYTES);
    expect([doors.deaths, doors.mistakes()]).toEqual([[], []]);
  });

  it("answers 2,000 pipelined requests in their order", async () => {
    const { url } = doors[name];
    const request = requestBytes("GET /health HTTP/1.1", [["host", new URL(url).host]]);
    const bytes = Buffer.concat(Array.from({ length: 2000 }, () => request));
    const { answers } = await converse(url, bytes, { expect: 2000, silenceMs: 1000 });
    expect(answers).toHaveLength(2000);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

it("both end connections that say nothing or drip, and are healthy meanwhile", async () => {
  await Promise.all((["server", "till"] as const).map((name) => endsTheSilent(name)));
  expect([doors.deaths, doors.mistakes()]).toEqual([[], []]);
});

it("wrong keys from one address are held up, a right one is not, and health answers", async () => {
  const { url } = doors.server;
  const ask = async (key: string) => {
    const answer = await fetch(`${url}/api/admin/totals`, { headers: { authorization: `Bearer ${key}` } });
    await answer.arrayBuffer();
    return { status: answer.status, retryAfter: answer.headers.get("retry-after") };
  };
  expect((await ask(doors.keys.admin.key)).status).toBe(200);
  const guesses = Array.from({ length: 600 }, (_, index) => `tsk_${String(index).padStart(43, "x")}`);
  const answers = await Promise.all(guesses.map(ask));
  const held = answers.filter(({ status }) => status === 429);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
  expect(held.length).toBeGreaterThan(200);
  expect(Number(held[0]?.retryAfter)).toBeGreaterThanOrEqual(1);
  expect((await ask(doors.keys.admin.key)).status).toBe(200);
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

async function endsTheSilent(name: "server" | "till"): Promise<void> {
  const { url, pid } = doors[name];
  const before = memoryOf(pid);
  const prober = probe(url);
  const idle = await openMany(url, IDLE);
  const dripping = await openMany(url, DRIPPING);
  const received = new Map(dripping.map((socket) => [socket, collect(socket)]));
  for (const socket of dripping) socket.write("GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ");
  const drops = setInterval(() => {
    for (const socket of dripping) socket.write("y");
  }, 500);
  await Promise.all([...idle, ...dripping].map((socket) => ended(socket)));
  clearInterval(drops);
  const health = await prober.stop();
  const after = memoryOf(pid);
  tellFigures({ name, idle: IDLE, dripping: DRIPPING, healthy: health.healthy, before, after });
  expect(health).toMatchObject({ others: [] });
  for (const bytes of received.values()) {
    const [answer] = parseAnswers(Buffer.concat(bytes));
    expect(answer?.status).toBe(408);
    expect(JSON.parse(answer?.body ?? "{}").error).toMatchObject({ code: "TIMED_OUT", field: "request" });
  }
}

async function abusesOfCentre(): Promise<Abuse[]> {
  const door = centreDoor();
  const fill = (json: string) => `{"protocolVersion":1,"fromSeq":${json}}`;
  const own = await centreAbuses(door, doors.keys.terminal.terminal ?? "");
  return [...jsonAbuses(door, fill, "fromSeq"), ...wireAbuses(door, LIMITS.maxWireBytes), ...own];
}

function abusesOfTill(): Abuse[] {
  const door = tillDoor();
  const fill = (json: string) => `{"localId":"a","openedAt":${json}}`;
  return [...jsonAbuses(door, fill, "openedAt"), ...wireAbuses(door, 2 * MIB), ...tillAbuses(door, SALE)];
}

function judge(abuse: Abuse, answer: { readonly status: number; readonly body: string } | undefined): void {
  const { error } = JSON.parse(answer?.body ?? "{}") as { error?: Record<string, unknown> };
  const seen = { what: abuse.what, status: answer?.status, code: error?.code, field: error?.field };
  const status = abuse.status === 0 ? answer?.status : abuse.status;
  expect(seen).toEqual({ what: abuse.what, status, code: abuse.code, field: abuse.field });
}

/**
 * Connections that the process has accepted. All at once would overflow the queue before it, where Linux lets the caller
 * believe that it is connected.
 */
async function openMany(url: string, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(200, count - sockets.length) }, () => open(url));
    for (const socket of some) socket.on("error", () => {});
    sockets.push(...some);
    await (await fetch(`${url}/health`)).arrayBuffer();
  }
  return sockets;
}

function collect(socket: Socket): Buffer[] {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  return chunks;
}

async function ended(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}
