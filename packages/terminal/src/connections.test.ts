import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { boundConnections } from "./connections.ts";

let server: Server;
let bounded: { close(): void };
const sockets: Socket[] = [];
/** Answers that are still to be given. */
let waiting: ServerResponse[];

beforeEach(async () => {
  waiting = [];
  server = createServer((_request, response) => void waiting.push(response));
  bounded = boundConnections(server, { max: 6, crowded: 3 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

async function newConnection(): Promise<Socket> {
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, "connection");
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  sockets.push(socket);
  await accepted;
  return socket;
}

async function ask(socket: Socket): Promise<void> {
  const asked = once(server, "request");
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await asked;
}

async function answer(index: number, socket: Socket): Promise<string> {
  waiting[index]?.end("done");
  const [bytes] = (await once(socket, "data")) as [Buffer];
  return bytes.toString();
}

it("ends the connection that has been idle for longest when a new one comes", async () => {
  const first = await newConnection();
  await newConnection();
  await newConnection();
  const gone = once(first, "close");
  const last = await newConnection();
  await gone;
  await ask(last);
  expect(await answer(0, last)).toContain("200 OK");
});

it("never ends one with a request under way, and counts from its answer", async () => {
  const busy = await newConnection();
  await ask(busy);
  const second = await newConnection();
  const third = await newConnection();
  let gone = once(second, "close");
  await newConnection();
  await gone;
  expect(await answer(0, busy)).toContain("200 OK");
  gone = once(third, "close");
  await newConnection();
  await gone;
  expect(busy.destroyed).toBe(false);
});

it("ends those that never asked anything before those that did", async () => {
  const served = await newConnection();
  await ask(served);
  expect(await answer(0, served)).toContain("200 OK");
  for (let each = 0; each < 20; each++) await newConnection();
  await ask(served);
  expect(await answer(1, served)).toContain("200 OK");
});

it("takes more while all of them ask, up to the most", async () => {
  const all: Socket[] = [];
  for (let each = 0; each < 6; each++) {
    const socket = await newConnection();
    await ask(socket);
    all.push(socket);
  }
  const { port } = server.address() as AddressInfo;
  const dropped = once(server, "drop");
  sockets.push(connect({ host: "127.0.0.1", port }).on("error", () => {}));
  await dropped;
  for (const [index, socket] of all.entries()) expect(await answer(index, socket)).toContain("200 OK");
});

it.each([
  ["has been answered only then", ask],
  ["has asked nothing", async () => {}],
])("lets a server close although a connection %s that its client would keep", async (_what, use) => {
  server.keepAliveTimeout = 600_000;
  const kept = await newConnection();
  await use(kept);
  const closed = once(server, "close");
  bounded.close();
  server.close();
  if (waiting.length > 0) expect(await answer(0, kept)).toContain("200 OK");
  await closed;
});
