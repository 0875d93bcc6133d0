import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCanonical } from "./canonical.ts";
import { CHAIN_START, type Link, linkHash, privateHash, privateText } from "./chain.ts";
import { sha256 } from "./testing/sha256.ts";

const LINK: Link = {
  terminal: "0190a5da-c967-774b-8cce-b302099a8057",
  incarnation: "00112233445566ff",
  seq: 1,
  prevHash: CHAIN_START,
  body: '{"a":1}',
};
const ORIGIN = { incarnation: "ffeeddccbbaa0099", seq: 17, hash: "ab".repeat(32) };

const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const origin = fc.record({ incarnation: hex(16), seq: fc.integer({ min: 1 }), hash: hex(64) });
const link = fc.record({
  terminal: fc.uuid(),
  incarnation: hex(16),
  seq: fc.integer({ min: 1, max: 2 ** 40 }),
  prevHash: hex(64),
  origin: fc.option(origin, { nil: undefined }),
  body: fc.string({ unit: "binary", maxLength: 30 }).filter((text) => text.isWellFormed()),
});

describe("linkHash", () => {
  it("gives these hashes for ever: every till and every centre computes them", () => {
    expect(linkHash(sha256, LINK)).toBe("95b36f4583c82feb58bcad3f11f17d62c1f7e0283b91561fcc5ff3c063a81080");
    expect(linkHash(sha256, { ...LINK, seq: 2, prevHash: linkHash(sha256, LINK), body: '{"a":"Ä€😀"}' })).toBe(
      "979cf4f3697bbab96b333c03225b4461e77672b0df03ec3ef29a94711587add7",
    );
    expect(linkHash(sha256, { ...LINK, origin: ORIGIN })).toBe(
      "1803385c281898cdced14e1bd0380c74e4e6aae78491292361efde05285717b7",
    );
  });

  it("is the hash of exactly these bytes, so that another program can recompute it", () => {
    const bytes = `tillsync/change/1\n${LINK.terminal}\n${LINK.incarnation}\n1\n${CHAIN_START}\n\n{"a":1}`;
    expect(linkHash(sha256, LINK)).toBe(sha256(bytes));
    const from = `${ORIGIN.incarnation}:17:${ORIGIN.hash}`;
    expect(linkHash(sha256, { ...LINK, origin: ORIGIN })).toBe(sha256(bytes.replace("\n\n{", `\n${from}\n{`)));
  });

  it("changes when anything of the link changes, and only then", () => {
    fc.assert(
      fc.property(link, link, (one, other) => {
        const same = JSON.stringify(fields(one)) === JSON.stringify(fields(other));
        expect(linkHash(sha256, one) === linkHash(sha256, other)).toBe(same);
      }),
    );
  });

  it("changes with any flipped character of body, prevHash, terminal, incarnation or origin", () => {
    const whole = { ...LINK, origin: ORIGIN };
    const right = linkHash(sha256, whole);
    const flips = [
      ...flipsOf(whole.body).map((body) => ({ ...whole, body })),
      ...flipsOf(whole.prevHash).map((prevHash) => ({ ...whole, prevHash })),
      ...flipsOf(whole.terminal).map((terminal) => ({ ...whole, terminal })),
      ...flipsOf(whole.incarnation).map((incarnation) => ({ ...whole, incarnation })),
      ...flipsOf(ORIGIN.hash).map((hash) => ({ ...whole, origin: { ...ORIGIN, hash } })),
      ...flipsOf(ORIGIN.incarnation).map((incarnation) => ({ ...whole, origin: { ...ORIGIN, incarnation } })),
      { ...whole, seq: 2 },
      { ...whole, origin: { ...ORIGIN, seq: 18 } },
      LINK,
    ];
    expect(flips.length).toBeGreaterThan(1000);
    const hashes = new Set(flips.map((flipped) => linkHash(sha256, flipped)));
    expect(hashes.has(right)).toBe(false);
    expect(hashes.size).toBe(flips.length);
  });
});

describe("the private part", () => {
  const fields = { phone: "+254700000001", name: "Wanjikũ" };
  const salt = "0123456789abcdef0123456789abcdef";

  it("has one text and gives these bytes and this hash for ever", () => {
    const text = privateText(fields, salt);
    expect(text).toBe(
      '{"fields":{"name":"Wanjikũ","phone":"+254700000001"},"salt":"0123456789abcdef0123456789abcdef"}',
    );
    expect(privateHash(sha256, text)).toBe("b2dd3adebe75bb0e48a295f6748349c6961fd09608258c19b0209e78f248f76d");
    expect(parseCanonical(text)).toEqual({ fields, salt });
  });

  it("hides the same phone behind another hash each time", () => {
    const again = privateText(fields, "f".repeat(32));
    expect(privateHash(sha256, again)).not.toBe(privateHash(sha256, privateText(fields, salt)));
  });

  it("can never be mistaken for a change: the domain tags differ", () => {
    const text = privateText(fields, salt);
    expect(privateHash(sha256, text)).not.toBe(sha256(text));
    expect(privateHash(sha256, text)).toBe(sha256(`tillsync/private/1\n${text}`));
  });
});

function fields({ terminal, incarnation, seq, prevHash, origin: from, body }: Link): unknown[] {
  return [terminal, incarnation, seq, prevHash, from ?? null, body];
}

/** Every text that differs from this one in the low bits of one character. */
function flipsOf(text: string): string[] {
  return Array.from(text, (char, at) =>
    [1, 2, 4, 8, 16, 32].map((bit) => {
      const flipped = String.fromCharCode(char.charCodeAt(0) ^ bit);
      return text.slice(0, at) + flipped + text.slice(at + 1);
    }),
  ).flat();
}
