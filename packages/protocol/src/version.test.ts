import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { canonicalText } from "./canonical.ts";
import { envelope, PAYLOADS } from "./change.ts";
import { exchangeRequest, exchangeResponse } from "./exchange.ts";
import { lineEvent } from "./order.ts";
import { sha256 } from "./testing/sha256.ts";
import { isOlder, PROTOCOL_FLOOR, PROTOCOL_HISTORY, PROTOCOL_VERSION, RELEASE } from "./version.ts";

/** Everything that travels. A schema that is not here can change unseen. */
const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  exchangeRequest,
  exchangeResponse,
  envelope,
  lineEvent,
  ...PAYLOADS,
};

/** The default, "output", describes what parsing leaves: there a strict object and one that drops fields are the same. */
const AS_SENT = { io: "input" } as const;

function schemasHash(): string {
  const texts = Object.keys(SCHEMAS)
    .sort()
    .map((name) => `${name} ${canonicalText(z.toJSONSchema(SCHEMAS[name] ?? z.never(), AS_SENT))}`);
  return sha256(texts.join("\n"));
}

describe("the protocol version", () => {
  it("changes with the words on the wire", () => {
    const now = schemasHash();
    const what = [
      `The schemas on the wire changed: their hash is now ${now}.`,
      `If version ${PROTOCOL_VERSION} was released: raise PROTOCOL_VERSION in version.ts, add a line with this hash to`,
      "PROTOCOL_HISTORY, add the folder golden/vN for it, and say it in docs/protocol.md and CHANGELOG.md.",
      "If it was not released yet: put this hash into the last line of PROTOCOL_HISTORY.",
    ].join("\n");
    expect(PROTOCOL_HISTORY.at(-1)?.schemas, what).toBe(now);
  });

  it("has a history without gaps, ending in the present", () => {
    expect(PROTOCOL_HISTORY.map(({ version }) => version)).toEqual(PROTOCOL_HISTORY.map((_, index) => index + 1));
    expect(PROTOCOL_HISTORY.at(-1)?.version).toBe(PROTOCOL_VERSION);
    expect(PROTOCOL_HISTORY.every(({ schemas, what }) => /^[0-9a-f]{64}$/.test(schemas) && what.length > 10)).toBe(
      true,
    );
    expect(new Set(PROTOCOL_HISTORY.map(({ schemas }) => schemas)).size).toBe(PROTOCOL_HISTORY.length);
  });

  it("keeps its floor within the history", () => {
    expect(PROTOCOL_FLOOR).toBeGreaterThanOrEqual(1);
    expect(PROTOCOL_FLOOR).toBeLessThanOrEqual(PROTOCOL_VERSION);
  });

  it("would notice a limit, a pattern, a new field or a field that became optional", () => {
    const of = (schema: z.ZodType) => canonicalText(z.toJSONSchema(schema, AS_SENT));
    const base = of(z.strictObject({ a: z.string().max(5) }));
    expect(of(z.strictObject({ a: z.string().max(6) }))).not.toBe(base);
    expect(of(z.strictObject({ a: z.string().max(5).regex(/x/) }))).not.toBe(base);
    expect(of(z.strictObject({ a: z.string().max(5), b: z.int().optional() }))).not.toBe(base);
    expect(of(z.strictObject({ a: z.string().max(5).optional() }))).not.toBe(base);
    expect(of(z.object({ a: z.string().max(5) }))).not.toBe(base);
  });
});

describe("the release", () => {
  it("is that of the package", () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(RELEASE).toBe(version);
  });

  it("is compared number by number; one that is not said came before all", () => {
    const older = [
      ["0.9.9", "0.10.0"],
      ["0.1.0", "1.0.0"],
      ["1.2.2", "1.2.3"],
      [undefined, "0.0.1"],
      ["new", "0.0.1"],
    ] as const;
    for (const [one, other] of older)
      expect([one, isOlder(one, other), isOlder(other, one ?? "?")]).toEqual([one, true, false]);
    expect(isOlder("1.2.3", "1.2.3")).toBe(false);
  });
});
