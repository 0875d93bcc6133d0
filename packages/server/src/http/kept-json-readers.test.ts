import { once } from "node:events";
import { connect } from "node:net";
import { fastify } from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { streamJson } from "./kept-json.ts";

async function* pieces(): AsyncGenerator<string> {
  for (let index = 0; index < 20; index++) yield "x".repeat(64 * 1024);
}

it.each(["gzip", "zstd", "identity"])(
  "survives readers that hang up in the middle of a %s answer",
  async (encoding) => {
    const thrown: unknown[] = [];
    const keep = (error: unknown) => void thrown.push(error);
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException").on("uncaughtException", keep);
    const app = fastify();
    onTestFinished(async () => {
      process.removeListener("uncaughtException", keep);
      for (const other of others) process.on("uncaughtException", other);
      await app.close();
    });
    app.get("/", (request, reply) => streamJson(request, reply, pieces()));
    const { port } = new URL(await app.listen({ port: 0, host: "127.0.0.1" }));
    for (let reader = 0; reader < 400; reader++) {
      const socket = connect(Number(port), "127.0.0.1").on("error", () => {});
      socket.write(`GET / HTTP/1.1\r\nhost: x\r\naccept-encoding: ${encoding}\r\n\r\n`);
      if (reader % 2 === 0) await once(socket, "data");
      else for (let turn = 0; turn < reader % 40; turn++) await new Promise(setImmediate);
      socket.resetAndDestroy();
    }
    await new Promise(setImmediate);
    expect(thrown).toEqual([]);
  },
);
