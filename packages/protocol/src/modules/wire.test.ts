import { expect, test } from "vitest";
import { formatModuleCursor, parseModuleCursor } from "./cursor.ts";
import { formatHave, moduleCursor, pageHeader, parseHave } from "./wire.ts";

const position = { epoch: "0190f3a8-7b7e-7abc-9def-0123456789ab", storeId: 0, n: 7, hash: "ab".repeat(32) };

test("a cursor names its history, and a text that is none asks for a fresh start", () => {
  const text = formatModuleCursor(position);
  expect(moduleCursor.parse(text)).toBe(text);
  expect(parseModuleCursor(text)).toEqual({ ...position, hash: "ab".repeat(16) });
  for (const wrong of ["", "x", `${text}0`, text.replace(".7.", ".-7."), text.toUpperCase()])
    expect(() => parseModuleCursor(wrong)).toThrow(expect.objectContaining({ code: "FEED_RESET" }));
});

test("have names module, scope and cursor", () => {
  const have = { module: "items", scope: "store", cursor: formatModuleCursor(position) } as const;
  expect(parseHave(formatHave(have))).toEqual(have);
  for (const wrong of ["", "items", "items.store", "etims.store.x", "items.shop.x"])
    expect(parseHave(wrong)).toBeUndefined();
});

test("the header of a page is strict", () => {
  const { epoch, n, hash } = position;
  const cursor = formatModuleCursor(position);
  const header = { module: "items", scope: "store", kind: "delta", epoch, n, rows: 2, hash, cursor, next: null };
  expect(pageHeader.parse(header)).toEqual(header);
  expect(pageHeader.safeParse({ ...header, extra: 1 }).success).toBe(false);
  expect(pageHeader.safeParse({ ...header, kind: "all" }).success).toBe(false);
});
