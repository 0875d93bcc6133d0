import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { EMPTY_MODULE_HASH, ModuleHash } from "./module-hash.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const rows = Array.from({ length: 1000 }, (_, index) => sha256(`row ${index}`));
const MODULUS = 2n ** 256n;

function sumOf(hashes: readonly string[]): string {
  const sum = hashes.reduce((total, hash) => (total + BigInt(`0x${hash}`)) % MODULUS, 0n);
  return sum.toString(16).padStart(64, "0");
}

function hashOf(hashes: readonly string[]): string {
  const module = new ModuleHash();
  for (const hash of hashes) module.add(hash);
  return module.hex();
}

test("it is the sum of the rows modulo 2^256, in any order", () => {
  expect(hashOf([])).toBe(EMPTY_MODULE_HASH);
  expect(hashOf(rows.slice(0, 1))).toBe(rows[0]);
  expect(hashOf(rows)).toBe(sumOf(rows));
  expect(hashOf([...rows].reverse())).toBe(sumOf(rows));
});

test("what is taken away leaves no trace, and it goes on from what was kept", () => {
  const module = new ModuleHash(hashOf(rows));
  for (const hash of rows.slice(10)) module.subtract(hash);
  expect(module.hex()).toBe(sumOf(rows.slice(0, 10)));
  for (const hash of rows.slice(0, 10)) module.subtract(hash);
  expect(module.hex()).toBe(EMPTY_MODULE_HASH);
});

test("it may go below nothing on the way", () => {
  const [first = "", second = ""] = rows;
  const module = new ModuleHash();
  module.subtract(first);
  module.add(second);
  module.add(first);
  expect(module.hex()).toBe(second);
});

test("carries stay exact over millions of rows", () => {
  const most = "f".repeat(64);
  const module = new ModuleHash();
  const times = 2 ** 21 + 3;
  for (let time = 0; time < times; time++) module.add(most);
  expect(BigInt(`0x${module.hex()}`)).toBe((BigInt(times) * (MODULUS - 1n)) % MODULUS);
});

test("a row twice is not a row once", () => {
  const [first = ""] = rows;
  expect(hashOf([first, first])).not.toBe(hashOf([first]));
  expect(hashOf([first, first])).not.toBe(EMPTY_MODULE_HASH);
});
