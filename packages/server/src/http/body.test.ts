import { constants, createZstdCompress, gzipSync, zstdCompressSync } from "node:zlib";
import { LIMITS } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { readJson } from "./body.ts";

const VALUE = { name: "Æbleskiver 🥞", list: [1, 2] };
const BYTES = Buffer.from(JSON.stringify(VALUE));
const refusal = (code: string) => expect.objectContaining({ code });

describe("readJson", () => {
  it.each([
    [undefined, BYTES],
    ["identity", BYTES],
    ["gzip", gzipSync(BYTES)],
    ["GZIP", gzipSync(BYTES)],
    ["zstd", zstdCompressSync(BYTES)],
  ])("reads content-encoding %s", async (encoding, bytes) => {
    expect(await readJson(bytes, encoding)).toEqual(VALUE);
  });

  it.each(["br", "deflate", "gzip, gzip", "zstd;q=1", "nonsense"])("refuses content-encoding %s", async (encoding) => {
    await expect(readJson(BYTES, encoding)).rejects.toEqual(refusal("UNSUPPORTED_ENCODING"));
  });

  it.each([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ])("stops unpacking a %s bomb at the limit", async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(16 * LIMITS.maxRequestBytes, 32));
    expect(bomb.length).toBeLessThan(LIMITS.maxWireBytes);
    const before = process.memoryUsage().arrayBuffers;
    await expect(readJson(bomb, encoding)).rejects.toEqual(refusal("TOO_LARGE"));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * LIMITS.maxRequestBytes);
  });

  it("takes exactly as much as it says", async () => {
    const text = (bytes: number) => Buffer.from(`"${"x".repeat(bytes - 2)}"`);
    expect(await readJson(zstdCompressSync(text(LIMITS.maxRequestBytes)), "zstd")).toHaveLength(
      LIMITS.maxRequestBytes - 2,
    );
    await expect(readJson(zstdCompressSync(text(LIMITS.maxRequestBytes + 1)), "zstd")).rejects.toEqual(
      refusal("TOO_LARGE"),
    );
  });

  it("refuses a zstd frame that asks for 128 MiB of memory to hold a few bytes", async () => {
    const stream = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 27 } });
    stream.end(BYTES);
    const frame = Buffer.concat(await stream.toArray());
    await expect(readJson(frame, "zstd")).rejects.toEqual(refusal("UNSUPPORTED_ENCODING"));
  });

  it.each([
    ["gzip", BYTES],
    ["gzip", gzipSync(BYTES).subarray(0, -4)],
    ["gzip", Buffer.alloc(0)],
    ["zstd", BYTES],
    ["zstd", zstdCompressSync(BYTES).subarray(0, -2)],
    ["zstd", Buffer.alloc(0)],
  ])("refuses broken %s", async (encoding, bytes) => {
    await expect(readJson(bytes, encoding)).rejects.toEqual(refusal("INVALID_JSON"));
  });

  it.each([
    ["no JSON", Buffer.from("{'a':1}")],
    ["nothing", Buffer.alloc(0)],
    ["bytes that are no UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ["a surrogate as bytes", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ["a byte order mark", Buffer.from("\ufeff{}")],
    ["two values", Buffer.from("{} {}")],
  ])("refuses %s", async (_what, bytes) => {
    await expect(readJson(bytes, undefined)).rejects.toEqual(refusal("INVALID_JSON"));
  });

  it("says nothing of the body in its refusal", async () => {
    const failure = await readJson(Buffer.from('{"phone":"0722000000"'), undefined).catch((error: unknown) => error);
    expect(JSON.stringify(failure) + String(failure)).not.toContain("0722");
  });
});
