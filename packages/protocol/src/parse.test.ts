import { describe, expect, it } from "vitest";
import { z } from "zod";
import { canonicalText } from "./canonical.ts";
import { entityOf, isKind, PAYLOADS } from "./change.ts";
import { parseAs, parseBody, parseField } from "./parse.ts";
import { goldenBody } from "./testing/golden.ts";
import { refusalOf } from "./testing/refusal.ts";

const SALE = goldenBody("order.closed");
const text = (over: object) => canonicalText({ ...SALE, ...over });
const payload = (over: object) => text({ payload: { ...SALE.payload, ...over } });

describe("parseBody", () => {
  it("gives the change that the bytes say", () => {
    expect(parseBody(canonicalText(SALE))).toEqual(SALE);
  });

  it.each([
    ["no JSON", "sold!", "BODY_NOT_CANONICAL", undefined],
    ["JSON in another form", JSON.stringify(SALE, null, 1), "BODY_NOT_CANONICAL", undefined],
    ["a body that is no object", "[]", "BODY_INVALID", "(root)"],
    ["a field missing", text({ businessDate: undefined }), "BODY_INVALID", "businessDate"],
    ["an unknown field", text({ incarnation: 7 }), "BODY_INVALID", "(root)"],
    [
      "a changeId of another version",
      text({ changeId: "0190a5da-c967-474b-8cce-b302099a8057" }),
      "BODY_INVALID",
      "changeId",
    ],
    ["a localId with a space", text({ localId: "a b" }), "BODY_INVALID", "localId"],
    ["version 0", text({ version: 0 }), "BODY_INVALID", "version"],
    ["a time without milliseconds", text({ occurredAt: "2026-01-16T10:11:12Z" }), "BODY_INVALID", "occurredAt"],
    ["a day that does not exist", text({ businessDate: "2026-02-29" }), "BODY_INVALID", "businessDate"],
    ["a private hash that is none", text({ private: "x" }), "BODY_INVALID", "private"],
    ["a kind of a later version", text({ kind: "order.split" }), "KIND_UNKNOWN", "kind"],
    ["a kind that every object has", text({ kind: "constructor" }), "KIND_UNKNOWN", "kind"],
    ["no payload", text({ payload: undefined }), "BODY_INVALID", "payload"],
    ["a payload of another kind", text({ kind: "inventory.updated" }), "BODY_INVALID", "item"],
    [
      "a line without quantity",
      payload({ lines: [{ id: "1", item: "x", unitPrice: "1", amountMinor: 1 }] }),
      "BODY_INVALID",
      "lines.0.quantity",
    ],
    [
      "an unknown field in a line",
      payload({ lines: [{ id: "1", item: "x", quantity: "1", unitPrice: "1", amountMinor: 1, colour: "red" }] }),
      "BODY_INVALID",
      "lines.0",
    ],
    ["a float amount as text", payload({ totalMinor: "1.5" }), "BODY_INVALID", "totalMinor"],
    ["a currency in small letters", payload({ currency: "kes" }), "BODY_INVALID", "currency"],
    ["totals that do not add up", payload({ totalMinor: 1 }), "TOTALS_MISMATCH", "totalMinor"],
    ["tenders that do not add up", payload({ tenders: [] }), "TOTALS_MISMATCH", "tenders"],
  ])("refuses %s", (_what, body, code, field) => {
    const refusal = refusalOf(() => parseBody(body));
    expect({ code: refusal.code, field: refusal.details.field }).toEqual({ code, field });
  });

  it("tells what belonged there without repeating what came when that is long", () => {
    const { message } = refusalOf(() => parseBody(payload({ reference: "secret ".repeat(20) })));
    expect(message).toContain("reference");
    expect(message).not.toContain("secret");
  });
});

describe("parseAs and parseField", () => {
  const schema = z.strictObject({ a: z.array(z.strictObject({ n: z.int() })) });

  it.each([
    [{ a: [{ n: 1 }, { n: "x" }] }, "a.1.n", '"x"'],
    [{ a: [{ n: 1.5 }] }, "a.0.n", "1.5"],
    [{ a: "list" }, "a", '"list"'],
    [{}, "a", "undefined"],
    [{ a: {} }, "a", "object"],
    [{ a: [[1, 2]] }, "a.0", "a list of 2"],
    [null, "(root)", "null"],
    [7, "(root)", "7"],
  ])("names the first field that is wrong in %j", (value, field, got) => {
    const refusal = refusalOf(() => parseAs(schema, value));
    expect({ code: refusal.code, field: refusal.details.field, got: refusal.details.got }).toEqual({
      code: "INVALID_INPUT",
      field,
      got,
    });
  });

  it("gives a value that fits", () => {
    expect(parseAs(schema, { a: [{ n: 1 }] })).toEqual({ a: [{ n: 1 }] });
    expect(parseField("count", z.int(), 3)).toBe(3);
  });

  it("names the field that a lone value is", () => {
    const { code, message, details } = refusalOf(() => parseField("count", z.int("a whole number"), "three"));
    expect({ code, message, ...details }).toEqual({
      code: "INVALID_INPUT",
      message: 'count: a whole number; got "three".',
      field: "count",
      expected: "a whole number",
      got: '"three"',
    });
  });
});

describe("kinds", () => {
  it("each speak of one entity", () => {
    const entities = Object.keys(PAYLOADS).filter(isKind).map(entityOf);
    expect([...new Set(entities)].sort()).toEqual([
      "customer",
      "exception",
      "inventory",
      "order",
      "shift",
      "terminal",
      "transaction",
    ]);
  });
});
