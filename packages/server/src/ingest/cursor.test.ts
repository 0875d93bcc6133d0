import { expect, it } from "vitest";
import { type Cursor, formatCursor, parseCursor } from "./cursor.ts";

const EPOCH = "0198c0de-0000-4000-8000-00000000cafe";
const CHAIN = "ab".repeat(32);

it.each<Cursor>([
  { epoch: EPOCH, storeId: 1, n: 0, chain: "" },
  { epoch: EPOCH, storeId: 2_147_483_647, n: 1, chain: CHAIN },
  { epoch: EPOCH, storeId: 7, n: 999_999_999_999_999, chain: CHAIN },
  { epoch: EPOCH, storeId: 7, n: 3, chain: CHAIN, within: 17 },
  { epoch: EPOCH, storeId: 7, n: 3, chain: CHAIN, within: 17, join: { until: 9, phase: "feed" } },
  { epoch: EPOCH, storeId: 7, n: 3, chain: CHAIN, join: { until: 9, phase: "own", from: 4 } },
  { epoch: EPOCH, storeId: 7, n: 0, chain: "", join: { until: 9, phase: "open", after: "" } },
  { epoch: EPOCH, storeId: 7, n: 3, chain: CHAIN, join: { until: 9, phase: "open", after: "table:7.a_b-c" } },
])("reads back what it wrote, but for the chain's second half", (cursor) => {
  expect(parseCursor(formatCursor(cursor))).toEqual({ ...cursor, chain: cursor.chain.slice(0, 32) });
});

it("is never longer than a request has room for", () => {
  const join = { until: 999_999_999_999_999, phase: "open", after: "x".repeat(64) } as const;
  const longest = {
    epoch: EPOCH,
    storeId: 2_147_483_647,
    n: 999_999_999_999_999,
    chain: CHAIN,
    within: 999_999_999_999_999,
    join,
  };
  expect(formatCursor(longest).length).toBeLessThanOrEqual(256);
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
  `${EPOCH}.1.1.${CHAIN.slice(0, 32)}+`,
  `${EPOCH}.1.1.${CHAIN.slice(0, 32)}~`,
  `${EPOCH}.1.1.${CHAIN.slice(0, 32)}~9~own.`,
  `${EPOCH}.1.1.${CHAIN.slice(0, 32)}~9~else.1`,
  "1700000000000",
  "'; DROP TABLE feed_entry; --",
])("starts over for a token that is not one of ours: %j", (token) => {
  expect(() => parseCursor(token)).toThrow(expect.objectContaining({ code: "FEED_RESET" }));
});
