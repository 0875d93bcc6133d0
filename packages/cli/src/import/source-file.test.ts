import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { MAX_LINE_BYTES, readLines } from "./source-file.ts";
import { listOf, temporaryFile, temporaryFolder } from "./testing/temporary-file.ts";

const textsOf = async (file: string) => (await listOf(readLines(file))).map(({ bytes }) => bytes?.toString("utf8"));

it("unpacks gzip whatever the file is called, and reads plain files as they are", async () => {
  expect(await textsOf(await temporaryFile("sales.csv", gzipSync("a\r\nb\n")))).toEqual(["a", "b"]);
  expect(await textsOf(await temporaryFile("sales.gz", "a\r\nb"))).toEqual(["a", "b"]);
});

it("gives every line whatever its length, with its number", async () => {
  const line = fc.string({ unit: fc.constantFrom("a", "\u00e9", " ", "\ud83c\udf6e"), maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 20 }), async (lines) => {
      const file = await temporaryFile("lines", `${lines.join("\n")}\n`);
      expect(await textsOf(file)).toEqual(lines);
      expect((await listOf(readLines(file))).map((each) => each.line)).toEqual(lines.map((_, index) => index + 1));
    }),
    { numRuns: 20 },
  );
});

it("drops a line beyond the limit and goes on behind it", async () => {
  const file = await temporaryFile("long", `a\n${"x".repeat(MAX_LINE_BYTES + 1)}\nb\n${"y".repeat(MAX_LINE_BYTES)}`);
  expect((await textsOf(file)).map((text) => text?.length)).toEqual([1, undefined, 1, MAX_LINE_BYTES]);
});

it("says in a sentence why a file cannot be read", async () => {
  await expect(textsOf("/nowhere/sales.csv")).rejects.toThrow(
    "/nowhere/sales.csv cannot be read: there is no such file.",
  );
  await expect(textsOf(await temporaryFolder())).rejects.toThrow("it is a folder");
  const packed = gzipSync("a line that is long enough to be cut".repeat(50));
  await expect(textsOf(await temporaryFile("cut.gz", packed.subarray(0, packed.length - 20)))).rejects.toThrow(
    "it ends in the middle of its gzip packing",
  );
  const damaged = Buffer.from(packed);
  damaged[2] = 99;
  await expect(textsOf(await temporaryFile("damaged.gz", damaged))).rejects.toThrow("its gzip packing is damaged");
});
