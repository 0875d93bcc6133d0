import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DELETED,
  type FieldValue,
  isSame,
  type Loss,
  mergeEdit,
  NO_RECORD,
  type RecordEdit,
  visible,
} from "./merge.ts";
import { compareStamps, effectiveAtMs, type Stamp } from "./stamp.ts";

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

/** What happens, one after the other; `at` of them is the true time. */
const happening = fc.oneof(
  { weight: 5, arbitrary: fc.record({ what: fc.constant("edit" as const), till: fc.nat(4), field: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("delete" as const), till: fc.nat(4), field: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("create" as const), till: fc.nat(4), field: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("meet" as const), till: fc.nat(4), field: fc.nat(2) }) },
);
const skews = fc.array(fc.integer({ min: -24 * HOUR_MS, max: 24 * HOUR_MS }), { minLength: 5, maxLength: 5 });

interface Play {
  readonly edits: readonly RecordEdit[];
  readonly losses: readonly Loss[];
  readonly record: ReturnType<typeof mergeEdit>["record"];
}

/** Tills that edit one record, each offline between two meetings with the centre, with a clock that is off by its skew. */
function play(
  happenings: readonly { what: "edit" | "delete" | "create" | "meet"; till: number; field: number }[],
  skewsMs: readonly number[],
  policy: Parameters<typeof mergeEdit>[2],
): Play {
  let record = NO_RECORD;
  const losses: Loss[] = [];
  const edits: RecordEdit[] = [];
  const tills = skewsMs.map(() => ({
    copy: NO_RECORD,
    unsent: [] as (RecordEdit & { occurredAtMs: number })[],
    seq: 0,
  }));
  const meet = (till: number, receivedAtMs: number) => {
    const one = tills[till];
    if (one === undefined) return;
    for (const { occurredAtMs, ...sent } of one.unsent) {
      const clockOffsetMs = -(skewsMs[till] ?? 0);
      const at = effectiveAtMs({ occurredAtMs, clockOffsetMs, receivedAtMs });
      const stamped = { ...sent, stamp: { ...sent.stamp, effectiveAtMs: at } };
      edits.push(stamped);
      const merged = mergeEdit(record, stamped, policy);
      record = merged.record;
      losses.push(...merged.losses);
    }
    Object.assign(one, { copy: record, unsent: [] });
  };
  let nowMs = 1_000 * HOUR_MS;
  for (const { what, till, field } of happenings) {
    nowMs += 1_000;
    const one = tills[till];
    if (one === undefined) continue;
    if (what === "meet") {
      meet(till, nowMs);
      continue;
    }
    const seen = one.unsent.reduce((view, next) => mergeEdit(view, next, "client-wins").record, one.copy);
    const base = Object.fromEntries(Object.entries(seen.fields).map(([name, { value }]) => [name, value]));
    const name = `f${field}`;
    const values: Record<string, FieldValue> =
      what === "edit" ? { [name]: `${till}.${nowMs}` } : { [DELETED]: what === "delete" ? true : null };
    const set = what === "create" ? { ...values, [name]: `${till}.${nowMs}` } : values;
    const occurredAtMs = nowMs + (skewsMs[till] ?? 0);
    const at = { effectiveAtMs: occurredAtMs, terminal: String(till), incarnation: "1", seq: ++one.seq };
    one.unsent.push({ stamp: at, set, base, add: { points: one.seq }, occurredAtMs });
  }
  for (const till of tills.keys()) meet(till, nowMs + 1_000);
  return { edits, losses, record };
}

const shown = ({ edits, record, losses }: Play) => JSON.stringify({ edits, record, losses }, null, 1);

describe("any interleaving of edits on five tills with clocks off by a day", () => {
  it("gives one record, whatever the order in which the edits come", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), skews, fc.infiniteStream(fc.nat()), (script, off, chance) => {
        const played = play(script, off, "per-field");
        const shuffled = played.edits
          .map((one) => ({ one, at: chance.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        expect(mergeAll(shuffled).record, shown(played)).toEqual(played.record);
      }),
      { numRuns: 1_000 },
    );
  });

  it("lets the write stand that was last in truth, not by the clocks", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), skews, (script, off) => {
        const { edits, record } = play(script, off, "per-field");
        for (const [field, { value }] of Object.entries(record.fields)) {
          const writes = edits.filter(({ set }) => Object.hasOwn(set, field));
          const last = writes.toSorted((a, b) => a.stamp.effectiveAtMs - b.stamp.effectiveAtMs).at(-1);
          expect(value).toBe(last?.set[field]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(["per-field", "client-wins", "server-wins", "manual"] as const)(
    "keeps every version that came in, and every delta, under %s",
    (policy) => {
      fc.assert(
        fc.property(fc.array(happening, { maxLength: 30 }), skews, (script, off) => {
          const played = play(script, off, policy);
          const { edits, losses, record } = played;
          for (const one of edits) {
            for (const [field, value] of Object.entries(one.set)) {
              expect(
                isKept(played, one, field, value),
                `${field} of ${one.stamp.terminal}/${one.stamp.seq} ${shown(played)}`,
              ).toBe(true);
            }
          }
          const sum = edits.reduce((total, { add }) => total + (add.points ?? 0), 0);
          expect(record.totals.points ?? 0).toBe(sum);
          expect(losses.every(({ lost, stands }) => compareStamps(lost.stamp, stands.stamp) !== 0)).toBe(true);
        }),
        { numRuns: 1_000 },
      );
    },
  );
});

/** Its value stands, or lost and is kept, or whoever wrote the next one had seen it. */
function isKept({ edits, losses, record }: Play, one: RecordEdit, field: string, value: FieldValue): boolean {
  const isIts = (at: Stamp) => compareStamps(at, one.stamp) === 0;
  const standing = record.fields[field];
  if (standing && (isIts(standing.stamp) || isSame(standing.value, value))) return true;
  if (losses.some(({ field: of, lost }) => of === field && (isIts(lost.stamp) || isSame(lost.value, value))))
    return true;
  return edits.some(
    (other) => Object.hasOwn(other.set, field) && !isIts(other.stamp) && isSame(other.base[field] ?? null, value),
  );
}
