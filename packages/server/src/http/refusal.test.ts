import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { fastify } from "fastify";
import pino from "pino";
import { expect, it, onTestFinished } from "vitest";
import { answerRefusal } from "./refusal.ts";

const HEADERS = "HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length:";
const WHOLE = `POST /stream ${HEADERS} 2\r\n\r\n{}`;
const HALF = `POST / ${HEADERS} 100\r\n\r\n{`;

it.each([
  ["half-way through its request", HALF, "The request ended before it was whole."],
  ["before its answer", WHOLE, "The caller went away before the answer was out."],
])("a caller that goes away %s is nobody's mistake, and the database's least of all", async (_when, bytes, msg) => {
  const lines: { level: number; code?: string; msg: string }[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const app = fastify({ loggerInstance: log });
  app.setErrorHandler(answerRefusal);
  app.post("/", async () => ({}));
  app.post("/stream", async () => new Readable({ read: () => socket.destroy() }));
  onTestFinished(() => app.close());
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const asked = once(app.server, "request");
  const socket = connect({ host: "127.0.0.1", port });
  socket.write(bytes);
  await asked;
  if (bytes === HALF) socket.destroy();
  const line = () => lines.find(({ code }) => code !== undefined);
  await expect.poll(line).toMatchObject({ level: 30, code: "INVALID_INPUT", msg });
});
