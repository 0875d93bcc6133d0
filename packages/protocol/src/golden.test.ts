import { describe, expect, it } from "vitest";
import { canonicalText, parseCanonical } from "./canonical.ts";
import { linkHash, privateHash } from "./chain.ts";
import { PAYLOADS } from "./change.ts";
import { parseBody } from "./parse.ts";
import { readGolden } from "./testing/golden.ts";
import { sha256 } from "./testing/sha256.ts";
import { PROTOCOL_FLOOR, PROTOCOL_VERSION } from "./version.ts";

const golden = readGolden();

describe("changes that earlier releases wrote (I24)", () => {
  it.each(golden)("$name parses to its own bytes and keeps its hash", (change) => {
    const body = parseBody(change.body);
    expect(canonicalText(body)).toBe(change.body);
    expect(linkHash(sha256, change)).toBe(change.hash);
    if (change.private !== undefined) {
      expect(parseCanonical(change.private)).toMatchObject({ salt: expect.any(String) });
      expect(body.private).toBe(privateHash(sha256, change.private));
    }
  });

  it("there is one of every kind, in every version that a centre understands", () => {
    for (let version = PROTOCOL_FLOOR; version <= PROTOCOL_VERSION; version++) {
      const kinds = golden
        .filter(({ name }) => name.startsWith(`v${version}/`))
        .map(({ body }) => parseBody(body).kind);
      if (version === PROTOCOL_VERSION) expect([...new Set(kinds)].sort()).toEqual(Object.keys(PAYLOADS).sort());
      else expect(kinds.length, `golden/v${version} was taken away`).toBeGreaterThan(0);
    }
  });

  it("form one chain in each life, and the resent one names where it stood", () => {
    const lives = Map.groupBy(golden, ({ name, incarnation }) => `${name.split("/")[0]} ${incarnation}`);
    for (const changes of lives.values()) {
      const ordered = changes.toSorted((a, b) => a.seq - b.seq);
      expect(ordered.map(({ seq }) => seq)).toEqual(ordered.map((_, index) => index + 1));
      expect(ordered.slice(1).map(({ prevHash }) => prevHash)).toEqual(ordered.slice(0, -1).map(({ hash }) => hash));
    }
    const resent = golden.filter(({ origin }) => origin !== undefined);
    expect(resent.length).toBeGreaterThan(0);
    for (const { origin, body } of resent) {
      const first = golden.find(({ incarnation, seq }) => incarnation === origin?.incarnation && seq === origin.seq);
      expect({ hash: first?.hash, body: first?.body }).toEqual({ hash: origin?.hash, body });
    }
  });
});
