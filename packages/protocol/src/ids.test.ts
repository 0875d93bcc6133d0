import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  businessDate,
  changeId,
  hash,
  incarnationId,
  instant,
  localId,
  makeUuidv7,
  shortId,
  uuid,
  uuidFromHash,
  uuidv7,
} from "./ids.ts";

const random = fc.stringMatching(/^[0-9a-f]{20}$/);
const wallMs = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe("makeUuidv7", () => {
  it("makes the UUID of RFC 9562 appendix A.6 from its time and random bits", () => {
    // rand_a CC3, rand_b 18C4DC0C0C07398F; its two highest bits, 00, are where the variant goes.
    expect(makeUuidv7(0x017f22e279b0, "cc318c4dc0c0c07398f0")).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  });

  it("is always a UUIDv7", () => {
    fc.assert(
      fc.property(wallMs, random, (at, bits) => {
        expect(uuidv7.safeParse(makeUuidv7(at, bits)).success).toBe(true);
      }),
    );
  });

  it("sorts by the time it was made", () => {
    fc.assert(
      fc.property(wallMs, wallMs, random, random, (a, b, x, y) => {
        fc.pre(a !== b);
        expect(makeUuidv7(a, x) < makeUuidv7(b, y)).toBe(a < b);
      }),
    );
  });

  it("keeps 74 random bits: each but the two of the variant makes another id", () => {
    const zero = makeUuidv7(1, "0".repeat(20));
    const different = Array.from({ length: 76 }, (_, bit) => {
      const bits = (1n << BigInt(79 - bit)).toString(16).padStart(20, "0");
      return makeUuidv7(1, bits) !== zero;
    });
    expect(different.filter(Boolean)).toHaveLength(74);
  });

  it.each([
    ["before 1970", -5, "00000000-0000-7"],
    ["past the year 10889", 2 ** 60, "ffffffff-ffff-7"],
    ["with a fraction of a millisecond", 1.75, "00000000-0001-7"],
    ["a clock that is no number", Number.NaN, "00000000-0000-7"],
  ])("stays a UUIDv7 for a time %s", (_what, at, begin) => {
    const id = makeUuidv7(at, "0".repeat(20));
    expect(uuidv7.safeParse(id).success).toBe(true);
    expect(id.startsWith(begin)).toBe(true);
  });
});

describe("ids on the wire", () => {
  it.each([
    ["uuid", uuid, ["0190a5da-c967-474b-8cce-b302099a8057"], ["0190A5DA-C967-474B-8CCE-B302099A8057", "", "x"]],
    [
      "uuidv7",
      uuidv7,
      ["0190a5da-c967-774b-8cce-b302099a8057"],
      ["0190a5da-c967-474b-8cce-b302099a8057", "0190a5da-c967-774b-7cce-b302099a8057"],
    ],
    [
      "incarnationId",
      incarnationId,
      ["00112233445566ff"],
      ["00112233445566FF", "0", "00112233445566ff0", "00112233445566ff\n"],
    ],
    ["hash", hash, ["a".repeat(64)], ["a".repeat(63), "A".repeat(64), `${"a".repeat(64)}\n`]],
    ["shortId", shortId, ["T", "T01", "KDS12345"], ["t01", "1T", "T-1", "TOOLONG89", "", "T01\n"]],
    ["localId", localId, ["x", "order:2026.01_16-7", "a".repeat(64)], ["", "a b", "a".repeat(65), "ä", "a/b", "a\n"]],
    [
      "businessDate",
      businessDate,
      ["2026-01-16", "2028-02-29"],
      ["2026-02-29", "2026-1-16", "20260116", "2026-01-16T00:00:00Z", "2026-13-01"],
    ],
    [
      "instant",
      instant,
      ["2026-01-16T10:11:12.345Z", "1970-01-01T00:00:00.000Z"],
      [
        "2026-01-16T10:11:12Z",
        "2026-01-16T10:11:12.345+03:00",
        "2026-01-16T10:11:12.345678Z",
        "2026-02-30T00:00:00.000Z",
        "now",
      ],
    ],
  ])("%s takes its one form and no other", (_name, schema, good, bad) => {
    expect(good.filter((text) => !schema.safeParse(text).success)).toEqual([]);
    expect(bad.filter((text) => schema.safeParse(text).success)).toEqual([]);
  });
});

describe("uuidFromHash", () => {
  it("is a UUIDv8, the same for the same hash, with no bit of it lost to another place", () => {
    const hash = "0123456789abcdef0123456789abcdef".repeat(2);
    expect(uuidFromHash(hash)).toBe("01234567-89ab-8def-8123-456789abcdef");
    expect(changeId.safeParse(uuidFromHash(hash)).success).toBe(true);
    expect(uuidFromHash(`f${hash.slice(1)}`)).not.toBe(uuidFromHash(hash));
  });
});
