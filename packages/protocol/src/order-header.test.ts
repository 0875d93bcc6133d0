import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldHeader, type HeaderEdit, headerWrittenMs } from "./order-header.ts";
import { offsetBehind } from "./records/stamp.ts";

const AT = Date.UTC(2026, 0, 16, 12);

function edit(id: number, atMs: number, header: HeaderEdit["payload"]["header"], clockOffsetMs?: number): HeaderEdit {
  const changeId = `0198c0de-0000-7000-8000-${String(id).padStart(12, "0")}`;
  return { changeId, occurredAt: new Date(atMs).toISOString(), payload: { header, clockOffsetMs } };
}

describe("the header of an open order", () => {
  it("has of each field what was written last", () => {
    const edits = [
      edit(1, AT, { label: "4", covers: 2 }),
      edit(2, AT + 1, { covers: 3 }),
      edit(3, AT - 1, { label: "9" }),
    ];
    expect(foldHeader(edits)).toEqual({ label: "4", covers: 3 });
  });

  it("counts a write by the corrected clock of its till", () => {
    expect(foldHeader([edit(1, AT, { label: "4" }), edit(2, AT - 3_600_000, { label: "9" }, 3_600_001)])).toEqual({
      label: "9",
    });
  });

  it("lets go of a field that was taken away, and of one only", () => {
    const edits = [edit(1, AT, { customerId: "c", covers: 0 }), edit(2, AT + 1, { customerId: null })];
    expect(foldHeader(edits)).toEqual({ covers: 0 });
    expect(foldHeader([])).toEqual({});
  });

  it("is decided by the changeId in one millisecond, and by contents where that is the same", () => {
    const ties = [edit(1, AT, { label: "b" }), edit(2, AT, { label: "a" })];
    expect(foldHeader(ties)).toEqual({ label: "a" });
    const forks = [edit(1, AT, { label: "b" }), edit(1, AT, { label: "a" })];
    expect(foldHeader(forks)).toEqual(foldHeader(forks.toReversed()));
  });

  it("is the same whatever order edits come in, and however often", () => {
    const field = fc.option(fc.constantFrom("a", "b", "c"), { nil: null });
    const header = fc.record({ label: field, operator: field, customerId: field }, { requiredKeys: [] });
    const made = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3 }), header);
    const edits = fc
      .array(made, { maxLength: 12 })
      .map((list) => list.map(([id, ms, fields]) => edit(id, AT + ms, fields)));
    const shuffled = edits.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: 2 * list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([list, others]) => {
        expect(foldHeader(others)).toEqual(foldHeader(list));
      }),
    );
  });
});

describe("what an edit knew of", () => {
  const known = headerWrittenMs([edit(1, AT + 86_400_000, { label: "4" }), edit(2, AT, undefined)]);

  it("comes before it, though another till's clock is a day ahead", () => {
    const clockOffsetMs = offsetBehind(known, { occurredAtMs: AT });
    expect(foldHeader([edit(1, AT + 86_400_000, { label: "4" }), edit(2, AT, { label: "9" }, clockOffsetMs)])).toEqual({
      label: "9",
    });
  });

  it("changes nothing where the clocks have it right, and where nothing was known", () => {
    expect(offsetBehind(known, { occurredAtMs: AT + 86_400_000, clockOffsetMs: 5 })).toBe(5);
    expect(offsetBehind(undefined, { occurredAtMs: 0 })).toBeUndefined();
    expect(headerWrittenMs([edit(2, AT, undefined)])).toBeUndefined();
  });
});
