import { expect, it } from "vitest";
import { type Cursor, formatCursor, parseCursor } from "./cursor.ts";

const EPOCH = "0198c0de-0000-4000-8000-00000000cafe";
const CHAIN = "ab".repeat(32);

it.each<Cursor>([
  { epoch: EPOCH, storeId: 1, n: 0, chain: "" },
  { epoch: EPOCH, storeId: 2_147_483_647, n: 1, chain: CHAIN },
  { epoch: EPOCH, storeId: 7, n: 999_999_999_999_999, chain: CHAIN },
])("reads back what it wrote, but for the chain's second half", (cursor) => {
  expect(parseCursor(formatCursor(cursor))).toEqual({ ...cursor, chain: cursor.chain.slice(0, 32) });
});

it("says nothing of the chain at 0: a feed without entries has none", () => {
  expect(formatCursor({ epoch: EPOCH, storeId: 1, n: 0, chain: CHAIN })).toBe(`${EPOCH}.1.0.`);
});

it.each([
  "",
  "0",
  "null",
  EPOCH,
  `${EPOCH}.1.1`,
  `${EPOCH}.1.1.${CHAIN}`,
  `${EPOCH}.1.1.${CHAIN.slice(0, 31)}`,
  `${EPOCH}.1.1.${CHAIN.slice(0, 32).toUpperCase()}`,
  `${EPOCH}.-1.1.${CHAIN.slice(0, 32)}`,
  `${EPOCH}.1.1e3.${CHAIN.slice(0, 32)}`,
  `${EPOCH}.1.9999999999999999.${CHAIN.slice(0, 32)}`,
  `${EPOCH}.99999999999.1.${CHAIN.slice(0, 32)}`,
  ` ${EPOCH}.1.1.${CHAIN.slice(0, 32)}`,
  `${EPOCH}.1.1.${CHAIN.slice(0, 32)}\n`,
  `${EPOCH.toUpperCase()}.1.1.${CHAIN.slice(0, 32)}`,
  "1700000000000",
  "'; DROP TABLE feed_entry; --",
])("starts over for a token that is not one of ours: %j", (token) => {
  expect(() => parseCursor(token)).toThrow(expect.objectContaining({ code: "FEED_RESET" }));
});
