import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { acceptsOf } from "./accept.ts";
import { parseCanonical } from "./canonical.ts";
import { envelope, PAYLOADS } from "./change.ts";
import { exchangeRequest } from "./exchange.ts";
import { readGolden } from "./testing/golden.ts";

const bodies = readGolden().map(({ body }) => parseCanonical(body) as { kind: keyof typeof PAYLOADS; payload: object });

/** Each schema with a value that it accepts. */
const samples: readonly [name: string, schema: z.ZodType, value: unknown][] = [
  ...bodies.map((body) => ["envelope", envelope, body] as [string, z.ZodType, unknown]),
  ...bodies.map(({ kind, payload }) => [kind, PAYLOADS[kind], payload] as [string, z.ZodType, unknown]),
  [
    "request",
    exchangeRequest,
    {
      protocolVersion: 1,
      terminal: "0190a5da-c967-774b-8cce-b302099a8057",
      incarnation: "00112233445566ff",
      fromSeq: 1,
      prevHash: "0".repeat(64),
      changes: [
        { body: "{}", hash: "a".repeat(64) },
        { body: "", hash: "b".repeat(64), damaged: true },
      ],
      headSeq: 2,
      cursor: null,
    },
  ],
];

/** Values that a field might hold by mistake. */
const ODD = [
  undefined,
  null,
  "",
  "x",
  "1.50",
  "2026-02-30",
  0,
  -1,
  0.5,
  2 ** 53,
  Number.NaN,
  true,
  [],
  {},
  [null],
  { a: 1 },
  new Date(0),
];

describe("acceptsOf", () => {
  it.each(samples)("passes a good %s without asking zod", (_name, schema, value) => {
    expect(schema.safeParse(value).success).toBe(true);
    expect(acceptsOf(schema)(value)).toBe(true);
  });

  it("passes nothing that zod refuses or would change", () => {
    const changed = fc.tuple(
      fc.nat({ max: samples.length - 1 }),
      fc.array(fc.nat(), { maxLength: 5 }),
      fc.constantFrom(...ODD),
      fc.boolean(),
    );
    fc.assert(
      fc.property(changed, ([which, path, odd, isNew]) => {
        const [, schema, value] = samples[which] ?? ["", z.never(), null];
        const given = replaced(value, path, odd, isNew);
        if (!acceptsOf(schema)(given)) return true;
        const result = schema.safeParse(given);
        return result.success && isDeepStrictEqual(result.data, given);
      }),
      { numRuns: 10_000 },
    );
  });

  it.each<[string, z.ZodType, unknown]>([
    ["a default", z.strictObject({ a: z.string().default("x") }), { a: "y" }],
    ["a change on the way", z.string().transform((text) => text.length), "abc"],
    ["a trimmed text", z.string().trim(), "abc"],
    ["a check of its own", z.string().refine(() => true), "abc"],
    ["a coerced number", z.coerce.number().int(), 1],
    ["an object that drops members", z.object({ a: z.string() }), { a: "x" }],
    ["an object of a class", z.strictObject({}), new Date(0)],
    ["an inherited member", z.strictObject({ a: z.string() }), Object.create({ a: "x" })],
  ])("leaves %s to zod", (_what, schema, value) => {
    expect(acceptsOf(schema)(value)).toBe(false);
  });
});

/** A copy in which the value at some path is another one; with `isNew`, a member nobody asked for is added there. */
function replaced(value: unknown, path: readonly number[], odd: unknown, isNew: boolean): unknown {
  const [turn, ...rest] = path;
  if (turn === undefined || typeof value !== "object" || value === null) return odd;
  const copy = structuredClone(value) as Record<string, unknown>;
  const names = Object.keys(copy);
  const name = isNew && rest.length === 0 && !Array.isArray(copy) ? "extra" : names[turn % Math.max(1, names.length)];
  if (name === undefined) return odd;
  copy[name] = replaced(copy[name], rest, odd, isNew);
  return copy;
}
