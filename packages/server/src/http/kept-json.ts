import { pipeline, Readable } from "node:stream";
import { createGzip, createZstdCompress } from "node:zlib";
import { parseKeepingNumbers } from "@tillsync/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { readJson, readText } from "./body.ts";
import { chooseEncoding } from "./compress.ts";
import { takeMemory } from "./limit-hooks.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route's body keeps its numbers as they were written (`parseKeepingNumbers`). */
    keepsNumbers?: boolean;
  }
}

/** The value of a request's body, with numbers as the route wants them. @throws SyncError as `readText` */
export async function readBody(request: FastifyRequest, bytes: Buffer): Promise<unknown> {
  const encoding = request.headers["content-encoding"];
  const reserve = (more: number) => takeMemory(request, more);
  if (request.routeOptions.config.keepsNumbers !== true) return readJson(bytes, encoding, reserve);
  return parseKeepingNumbers(await readText(bytes, encoding, { fractions: true, takeMemory: reserve }));
}

/** Pieces are gathered into chunks of about this many characters: a packet each would cost more than its content. */
const CHUNK_CHARACTERS = 64 * 1024;

/**
 * Sends JSON as it is made, packed as the caller allows. Nothing of it is held in memory longer than it takes to send.
 * Should a part fail, the connection breaks and the text with it: half an answer must never look like a whole one.
 */
export function streamJson(request: FastifyRequest, reply: FastifyReply, pieces: AsyncIterable<string>): FastifyReply {
  reply.header("content-type", "application/json; charset=utf-8").header("cache-control", "no-store");
  reply.header("vary", "accept-encoding");
  const source = Readable.from(gathered(pieces), { objectMode: false });
  const encoding = chooseEncoding(request.headers["accept-encoding"]);
  if (encoding === undefined) return reply.send(source);
  const packer = encoding === "zstd" ? createZstdCompress() : createGzip();
  reply.header("content-encoding", encoding);
  // Not `compose`: destroyed after its last byte was read, it throws where nobody can catch it. Who waits for the packer
  // is told of a failure by it.
  pipeline(source, packer, () => {});
  return reply.send(packer);
}

async function* gathered(pieces: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    if (text.length < CHUNK_CHARACTERS) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}
