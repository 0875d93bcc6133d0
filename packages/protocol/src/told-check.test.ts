import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { FeedEntry } from "./exchange.ts";
import { isToldWhole, toldCheck } from "./told-check.ts";

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");
const ENTRY = {
  n: 7,
  terminal: "0190a5da-c967-774b-8cce-b302099a8057",
  incarnation: "00112233445566ff",
  fromSeq: 3,
  toSeq: 4,
  effect: "applied",
  bodies: ['{"a":1}', '{"b":"ä"}'],
} as const satisfies FeedEntry;
const WORDS = `tillsync/told/1\n${ENTRY.terminal}\n${ENTRY.incarnation}\n3\n4\napplied\n{"a":1}\n{"b":"ä"}`;
const check = sha256(WORDS).slice(0, 16);

it("is the beginning of a hash over whose changes they are, where they stand, what became of them and their bytes", () => {
  expect(toldCheck(sha256, ENTRY, ENTRY.bodies)).toBe(check);
  expect(isToldWhole(sha256, { ...ENTRY, bodies: [...ENTRY.bodies], check })).toBe(true);
});

it.each<[string, Partial<FeedEntry>]>([
  ["other bytes", { bodies: ['{"a":1}', '{"b":"a"}'] }],
  ["one change fewer than it names", { bodies: ['{"a":1}'] }],
  ["another place", { fromSeq: 4, toSeq: 5 }],
  ["another life", { incarnation: "00112233445566fe" }],
  ["another effect", { effect: "conflict" }],
  ["no check", { check: undefined }],
])("does not fit %s", (_what, over) => {
  expect(isToldWhole(sha256, { ...ENTRY, bodies: [...ENTRY.bodies], check, ...over })).toBe(false);
});

it("is not asked of an entry without bytes", () => {
  const { bodies: _none, ...own } = ENTRY;
  expect(isToldWhole(sha256, own)).toBe(true);
});
