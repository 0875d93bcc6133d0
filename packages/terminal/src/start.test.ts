import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { MAX_STREAMS } from "./routes/events.ts";
import { startTerminalHttp, type TerminalHttp } from "./start.ts";
import { type EventReader, readEvents } from "./testing/event-reader.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";
import { recordedSample, sale, waiting } from "./testing/samples.ts";

let terminal: FakeTerminal;
let http: TerminalHttp;
const readers: EventReader[] = [];

beforeEach(async () => {
  terminal = new FakeTerminal();
  http = await startTerminalHttp({ terminal, port: 0 });
});

afterEach(async () => {
  for (const reader of readers.splice(0)) reader.leave();
  await http.close();
});

async function listen(path: string): Promise<EventReader> {
  const reader = await readEvents(`${http.url}${path}`);
  readers.push(reader);
  return reader;
}

/** The status page listens to the terminal all the time; the rest are streams. */
const LISTENERS_WITHOUT_STREAMS = 2;

it("answers at the address it names", async () => {
  expect(http.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const response = await fetch(`${http.url}/health`);
  expect(response.status).toBe(200);
});

it("streams the present status at once, then what happens", async () => {
  const events = await listen("/api/events");
  expect(events.headers.get("content-type")).toContain("text/event-stream");
  expect(events.headers.get("x-correlation-id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(await events.next()).toMatchObject({ name: "status", data: { shortId: "T01", pending: 3 } });
  await fetch(`${http.url}/api/orders`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(sale("order-1")),
  });
  expect(await events.next()).toMatchObject({ name: "recorded", data: { localId: "order-1", seq: 1 } });
  terminal.setStatus({ pending: 4 });
  expect(await events.next()).toMatchObject({ name: "status", data: { pending: 4 } });
});

it("streams colour and count to the embedded light, and nothing else", async () => {
  const events = await listen("/light/events");
  expect(await events.next()).toEqual({
    name: "light",
    data: { light: "red", pending: 3, waiting: { CentralSync: 3 }, lastSyncAt: null },
  });
  terminal.emit({ type: "recorded", recorded: recordedSample(1) });
  terminal.setStatus({ light: "green", ...waiting(0) });
  expect(await events.next()).toEqual({
    name: "light",
    data: { light: "green", pending: 0, waiting: {}, lastSyncAt: null },
  });
});

it("forgets a reader that left", async () => {
  const events = await listen("/api/events");
  await events.next();
  expect(terminal.listeners.size).toBe(LISTENERS_WITHOUT_STREAMS + 1);
  const forgotten = new Promise<void>((resolve) => {
    terminal.onUnsubscribe = resolve;
  });
  events.leave();
  await forgotten;
  expect(terminal.listeners.size).toBe(LISTENERS_WITHOUT_STREAMS);
});

it("refuses more streams than a till can need", async () => {
  for (let count = 0; count < MAX_STREAMS; count++) await listen("/light/events");
  const response = await fetch(`${http.url}/api/events`);
  expect(response.status).toBe(429);
  expect(((await response.json()) as { error: { code: string } }).error.code).toBe("TOO_MANY_REQUESTS");
});

it("closes although streams are open, and leaves no listener behind", async () => {
  const events = await listen("/api/events");
  await events.next();
  await http.close();
  expect(await events.next()).toBeUndefined();
  expect(terminal.listeners.size).toBe(0);
});

it("says which port is taken", async () => {
  const port = Number(new URL(http.url).port);
  await expect(startTerminalHttp({ terminal, port })).rejects.toMatchObject({
    code: "PORT_IN_USE",
    message: `Port ${port} on 127.0.0.1 is taken by another program; stop that one or choose another port.`,
  });
  expect(terminal.listeners.size).toBe(LISTENERS_WITHOUT_STREAMS);
});

it("says when the host is none of this machine", async () => {
  const options = { terminal, port: 0, host: "192.0.2.1", key: "k".repeat(32) };
  await expect(startTerminalHttp(options)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    details: { field: "host" },
  });
});

it("does not listen on other addresses without a key", async () => {
  await expect(startTerminalHttp({ terminal, port: 0, host: "0.0.0.0" })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
  });
});

it("answers bytes that are no HTTP in its own words", async () => {
  const socket = connect(Number(new URL(http.url).port), "127.0.0.1");
  socket.end("this is not HTTP\r\n\r\n");
  let answer = "";
  socket.on("data", (chunk) => {
    answer += String(chunk);
  });
  await once(socket, "close");
  expect(answer).toContain("HTTP/1.1 400");
  expect(answer).toContain("x-correlation-id");
});

it("does not call it a failure when a caller goes away half-way", async () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const logging = await startTerminalHttp({ terminal, port: 0, log });
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(logging.url).port) });
  const head = "POST /api/orders HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 100";
  socket.write(`${head}\r\nexpect: 100-continue\r\n\r\n{`);
  // The till reads the body now.
  await once(socket, "data");
  socket.destroy();
  await expect.poll(() => log.debug.mock.calls).toContainEqual([expect.anything(), "caller went away"]);
  expect(log.error).not.toHaveBeenCalled();
  await logging.close();
});
