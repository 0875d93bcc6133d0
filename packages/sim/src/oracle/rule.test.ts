import { canFollow, type DocumentState } from "@tillsync/server/ingest";
import { describe, expect, it } from "vitest";
import { mayComeAfter, type Version } from "./rule.ts";

const STATES: Readonly<Record<string, DocumentState>> = {
  "order.edited": "open",
  "order.closed": "closed",
  "order.voided": "voided",
  "order.deleted": "deleted",
  "order.submitted": "closed",
  "order.withdrawn": "deleted",
};

/** Every kind of version that an order can have, in two versions of two contents from two terminals. */
const ALL: readonly Version[] = Object.keys(STATES).flatMap((kind) =>
  [1, 2].flatMap((version) =>
    ["T", "U"].flatMap((terminal) => contentsOf(kind).map((content) => ({ kind, version, terminal, content }))),
  ),
);

function contentsOf(kind: string): readonly (string | null)[] {
  if (kind === "order.submitted") return ["a", "b"];
  return kind === "order.withdrawn" ? [null, "a"] : [null];
}

function rowOf({ kind, version, content, terminal }: Version) {
  return { state: STATES[kind] ?? "open", version, contentHash: content, terminal };
}

describe("the oracle's rule of what may come after what", () => {
  it("was written apart from the product's and says the same of every pair (I16)", () => {
    const differences = ALL.flatMap((standing) =>
      ALL.filter((next) => mayComeAfter(standing, next) !== canFollow(rowOf(standing), rowOf(next), next.terminal)).map(
        (next) => ({ standing, next }),
      ),
    );
    expect(differences).toEqual([]);
    expect(ALL.length).toBeGreaterThan(30);
  });
});
