import { promisify } from "node:util";
import { gzip, zstdCompress } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Below this a packed answer saves no packet and costs a round through the thread pool. */
const MIN_BYTES = 1024;

const pack = { zstd: promisify(zstdCompress), gzip: promisify(gzip) } as const;

type Encoding = keyof typeof pack;

/** The best encoding that an `accept-encoding` header allows: zstd, else gzip, else none. */
export function chooseEncoding(accepted: string | undefined): Encoding | undefined {
  const offers = new Map<string, boolean>();
  for (const part of (accepted ?? "").toLowerCase().split(",", 16)) {
    const [name = "", ...parameters] = part.split(";").map((piece) => piece.trim());
    offers.set(name, !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)));
  }
  const allows = (name: Encoding) => offers.get(name) ?? offers.get("*") ?? false;
  return allows("zstd") ? "zstd" : allows("gzip") ? "gzip" : undefined;
}

/** Fastify `onSend` hook: packs texts and buffers larger than 1 KiB. */
export async function compressAnswer(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  if (typeof payload !== "string" && !Buffer.isBuffer(payload)) return payload;
  if (Buffer.byteLength(payload) < MIN_BYTES || reply.hasHeader("content-encoding")) return payload;
  reply.header("vary", "accept-encoding");
  const encoding = chooseEncoding(request.headers["accept-encoding"]);
  if (encoding === undefined) return payload;
  const packed = await pack[encoding](typeof payload === "string" ? Buffer.from(payload) : payload);
  reply.header("content-encoding", encoding).header("content-length", packed.length);
  return packed;
}
