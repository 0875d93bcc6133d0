import { describe, expect, it } from "vitest";
import { canonicalText } from "./canonical.ts";
import { StretchSums, sameContent } from "./manifest.ts";

function summed(...bodies: string[]) {
  const sums = new StretchSums();
  for (const body of bodies) sums.add(body);
  return { counts: sums.counts(), totals: sums.totals() };
}

const sale = (tenders: object[], over: object = {}) =>
  canonicalText({ kind: "order.closed", payload: { currency: "KES", tenders, ...over } });

describe("the sums of a stretch", () => {
  it("count changes by kind, and money by currency and tender, change given back included", () => {
    const moved = canonicalText({ kind: "transaction.recorded", payload: { currency: "KES", amountMinor: 500 } });
    const paid = sale([
      { type: "cash", amountMinor: 5000 },
      { type: "cash", amountMinor: -1137 },
      { type: "mpesa", amountMinor: 10 },
    ]);
    expect(summed(paid, moved, canonicalText({ kind: "shift.opened", payload: {} }))).toEqual({
      counts: { "order.closed": 1, "shift.opened": 1, "transaction.recorded": 1 },
      totals: [
        { currency: "KES", tender: "cash", amountMinor: 3863 },
        { currency: "KES", tender: "mpesa", amountMinor: 10 },
        { currency: "KES", tender: "none", amountMinor: 500 },
      ],
    });
  });

  it.each([
    "",
    "null",
    "[]",
    '"x"',
    "{",
    '{"kind":"order.closed","payload":null}',
    '{"kind":"order.closed","payload":{"currency":"KES","tenders":[null,{"type":"cash","amountMinor":0.5}]}}',
    '{"kind":"order.closed","payload":{"currency":"K\\u0000S","tenders":[{"type":"cash","amountMinor":5}]}}',
    `{"kind":"${"k".repeat(33)}"}`,
    '{"kind":"a\\u0000b"}',
  ])("count %j and find no money in it", (body) => {
    const { counts, totals } = summed(body);
    expect(Object.values(counts)).toEqual([1]);
    expect(totals).toEqual([]);
  });

  it("tell what they read, so that nobody has to read it again", () => {
    const sums = new StretchSums();
    expect(sums.add('{"kind":"shift.opened","payload":{"operator":"Amina"}}')).toEqual({
      kind: "shift.opened",
      payload: { operator: "Amina" },
    });
    expect(sums.add("not json")).toEqual({});
  });

  it("keep money whose tender has a name that cannot travel", () => {
    expect(summed(sale([{ type: "a\0b", amountMinor: 5 }])).totals).toEqual([
      { currency: "KES", tender: "other", amountMinor: 5 },
    ]);
  });

  it("are compared by content, whatever the order of their parts", () => {
    const one = summed(sale([{ type: "cash", amountMinor: 5 }]), sale([{ type: "mpesa", amountMinor: 5 }]));
    const other = { counts: one.counts, totals: [...one.totals].reverse() };
    expect(sameContent(one, other)).toBe(true);
    expect(sameContent(one, { ...other, counts: { "order.closed": 3 } })).toBe(false);
    expect(sameContent(one, summed(sale([{ type: "cash", amountMinor: 10 }])))).toBe(false);
  });
});
