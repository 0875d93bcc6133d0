import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DELETED, type Loss, MERGE_POLICIES, mergeEdit, NO_RECORD, type RecordEdit, visible } from "./merge.ts";
import { compareStamps, effectiveAtMs, type Stamp } from "./stamp.ts";
import { brokenBy, type Merge, type Play, play, script, skews } from "./testing/play.ts";

const HOUR_MS = 3_600_000;
const stamp = (effectiveAtMs: number, terminal = "a", seq = effectiveAtMs): Stamp => {
  return { effectiveAtMs, terminal, incarnation: "1", seq };
};
const edit = (at: Stamp, set: RecordEdit["set"], base: RecordEdit["base"] = {}, add: RecordEdit["add"] = {}) => {
  return { stamp: at, set, base, add };
};
const mergeAll = (edits: readonly RecordEdit[], policy?: Parameters<typeof mergeEdit>[2]) => {
  let record = NO_RECORD;
  const losses: Loss[] = [];
  for (const one of edits) {
    const merged = mergeEdit(record, one, policy);
    record = merged.record;
    losses.push(...merged.losses);
  }
  return { record, losses };
};

describe("a shared record", () => {
  it("keeps the last write of each field, and says which one lost", () => {
    const created = edit(stamp(1), { name: "Ann", phone: "1" });
    const phone = edit(stamp(2, "a"), { phone: "2" }, { phone: "1" });
    const both = edit(stamp(3, "b"), { phone: "3", email: "a@x" }, { phone: "1" });
    const { record, losses } = mergeAll([created, phone, both]);
    expect(visible(record)).toEqual({ name: "Ann", phone: "3", email: "a@x" });
    expect(losses).toMatchObject([{ field: "phone", lost: { value: "2" }, stands: { value: "3" } }]);
    expect(mergeAll([created, both, phone])).toMatchObject({ record, losses });
  });

  it("loses nothing when the one who replaced a value had seen it, or wrote the same", () => {
    const edits = [
      edit(stamp(1), { name: "Ann" }),
      edit(stamp(2), { name: "Anna" }, { name: "Ann" }),
      edit(stamp(3, "b"), { name: "Anna" }, { name: "Ann" }),
      edit(stamp(4, "b"), { name: null }, { name: "Anna" }),
    ];
    expect(mergeAll(edits).losses).toEqual([]);
    expect(visible(mergeAll(edits).record)).toBeUndefined();
  });

  it("adds what totals change by, whoever comes first", () => {
    const edits = [1, 2, 3].map((at) => edit(stamp(at), {}, {}, { points: at * 10, creditMinor: -at }));
    expect(mergeAll(edits).record.totals).toEqual({ points: 60, creditMinor: -6 });
    expect(mergeAll(edits.toReversed()).record.totals).toEqual({ points: 60, creditMinor: -6 });
  });

  it("stays deleted when somebody edits it who did not know, and keeps that edit; created again it is there", () => {
    const created = edit(stamp(1), { name: "Ann", [DELETED]: null });
    const deleted = edit(stamp(2), { [DELETED]: true }, { name: "Ann" });
    const edited = edit(stamp(3, "b"), { phone: "3" });
    for (const edits of [
      [created, deleted, edited],
      [created, edited, deleted],
    ]) {
      const { record, losses } = mergeAll(edits);
      expect(visible(record)).toBeUndefined();
      expect(losses).toMatchObject([{ field: "phone", lost: { value: "3" }, stands: { value: true } }]);
      const again = mergeEdit(record, edit(stamp(4), { name: "Ann", [DELETED]: null }, { [DELETED]: true }));
      expect(visible(again.record)).toEqual({ name: "Ann", phone: "3" });
    }
  });

  it("lets the centre's or the sender's version stand where that was chosen, and tells the other one", () => {
    const first = edit(stamp(9, "a"), { name: "Ann" });
    const blind = edit(stamp(5, "b"), { name: "Bea" });
    const seeing = edit(stamp(4, "c"), { name: "Cleo" }, { name: "Ann" });
    const of = (policy: Parameters<typeof mergeEdit>[2], second: RecordEdit) => {
      const { record, losses } = mergeAll([first, second], policy);
      return [visible(record)?.name, ...losses.map(({ lost }) => lost.value)];
    };
    expect(of("per-field", blind)).toEqual(["Ann", "Bea"]);
    expect(of("client-wins", blind)).toEqual(["Bea", "Ann"]);
    expect(of("server-wins", blind)).toEqual(["Ann", "Bea"]);
    expect(of("manual", blind)).toEqual(["Ann", "Bea"]);
    expect(of("server-wins", seeing)).toEqual(["Cleo"]);
  });

  it("takes a field named like something every object has", () => {
    const { record } = mergeEdit(NO_RECORD, edit(stamp(1), { constructor: "x" }, {}, { toString: 2 }));
    expect(visible(record)).toEqual({ constructor: "x" });
    expect(record.totals).toEqual({ toString: 2 });
  });
});

describe("effectiveAt", () => {
  it("corrects the till's clock by what it measured, and is never later than the receipt", () => {
    const receivedAtMs = 100 * HOUR_MS;
    const aDayAhead = { occurredAtMs: 114 * HOUR_MS, receivedAtMs };
    expect(effectiveAtMs({ ...aDayAhead, clockOffsetMs: -24 * HOUR_MS })).toBe(90 * HOUR_MS);
    expect(effectiveAtMs(aDayAhead)).toBe(receivedAtMs);
    expect(effectiveAtMs({ occurredAtMs: 66 * HOUR_MS, clockOffsetMs: 24 * HOUR_MS, receivedAtMs })).toBe(90 * HOUR_MS);
  });

  it("orders all stamps, equal ones by terminal, incarnation and seq", () => {
    const stamps = [stamp(1, "b", 1), stamp(2, "a", 1), stamp(2, "a", 2), stamp(2, "b", 1)];
    expect(stamps.toReversed().sort(compareStamps)).toEqual(stamps);
  });
});

describe("any interleaving of edits on five tills with clocks off by a day", () => {
  it.each(MERGE_POLICIES)("keeps every promise under %s", (policy) => {
    fc.assert(
      fc.property(script, skews, fc.infiniteStream(fc.nat()), (happenings, off, chance) => {
        const played = play(happenings, off, policy);
        expect(brokenBy(played, policy, shuffled(played, chance))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  /** Each is wrong in one way; what it breaks has to be found. */
  const VARIANTS: Readonly<Record<string, readonly [Merge, string]>> = {
    "last write of the whole record": [
      (record, edit) => {
        const last = Object.values(record.fields).every(({ stamp: at }) => compareStamps(edit.stamp, at) > 0);
        const fields = Object.fromEntries(
          Object.entries(edit.set).map(([field, value]) => [field, { value, stamp: edit.stamp }]),
        );
        return last
          ? { record: { ...mergeEdit(record, edit).record, fields }, losses: [] }
          : { record: { ...record, totals: mergeEdit(record, edit).record.totals }, losses: [] };
      },
      "versions in = versions kept",
    ],
    "the loser is dropped": [
      (record, edit, policy) => ({ ...mergeEdit(record, edit, policy), losses: [] }),
      "versions in = versions kept",
    ],
    "the last to arrive stands": [(record, edit) => mergeEdit(record, edit, "client-wins"), "any order gives the same"],
    "the till's clock is believed": [
      (record, edit, policy) => {
        const skewed = {
          ...edit,
          stamp: { ...edit.stamp, effectiveAtMs: edit.stamp.effectiveAtMs + Number(edit.stamp.terminal) * HOUR_MS },
        };
        return mergeEdit(record, skewed, policy);
      },
      "the last write in truth stands",
    ],
    "totals are set, not added": [
      (record, edit, policy) => {
        const merged = mergeEdit(record, edit, policy);
        return { ...merged, record: { ...merged.record, totals: { ...edit.add } } };
      },
      "no delta lost",
    ],
  };

  it.each(Object.entries(VARIANTS))("finds out when %s", (_name, [merge, promise]) => {
    const found = fc.check(
      fc.property(script, skews, fc.infiniteStream(fc.nat()), (happenings, off, chance) => {
        const played = play(happenings, off, "per-field", merge);
        return !brokenBy(played, "per-field", shuffled(played, chance), merge).includes(promise);
      }),
      { numRuns: 1_000 },
    );
    expect(found.failed).toBe(true);
  });
});

function shuffled({ edits }: Play, chance: fc.Stream<number>): RecordEdit[] {
  const drawn = edits.map((one) => ({ one, at: chance.next().value ?? 0 }));
  return drawn.sort((one, other) => one.at - other.at).map(({ one }) => one);
}
