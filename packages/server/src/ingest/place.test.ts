import { CHAIN_START, SyncError } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { sha256 } from "../ledger/sha256.ts";
import { SampleLife, sampleSale } from "../testing/sample-life.ts";
import { place } from "./place.ts";
import type { Mark } from "./ports.ts";

const TERMINAL = "0198c0de-0000-4000-8000-000000000001";

function lifeOf(count: number): SampleLife {
  const life = new SampleLife(TERMINAL);
  life.addSales(count);
  return life;
}

/** The centre holds the first `through` changes of `life`. */
function held(life: SampleLife, through: number) {
  const rest = { ordinal: 1, backedUpThrough: 0, receipt: null, hasPending: false, hasDamaged: false };
  const mark: Mark = { ...rest, durableThrough: through, chainHash: life.hashAt(through) };
  const stored = new Map(Array.from({ length: through }, (_, index) => [index + 1, life.hashAt(index + 1)]));
  return { mark, stored };
}

function placed(life: SampleLife, through: number, request = life.request(), holder = life) {
  const { mark, stored } = held(holder, through);
  return place(request, mark, stored, sha256);
}

function refusal(act: () => unknown): SyncError {
  try {
    act();
  } catch (error) {
    if (error instanceof SyncError) return error;
  }
  throw new Error("nothing was refused");
}

describe("a range of one history", () => {
  // Every length, every mark, every part of it that a till may send.
  it.each([0, 1, 2, 5])("is old up to the mark and new behind it, with %i changes in all", (count) => {
    const life = lifeOf(count);
    for (let through = 0; through <= count; through++) {
      for (let from = 1; from <= through + 1; from++) {
        for (let to = from - 1; to <= count; to++) {
          const placement = placed(life, through, life.request(from, to));
          const fresh = placement.kind === "fits" ? placement.fresh.map(({ seq }) => seq) : undefined;
          const expected = Array.from({ length: Math.max(0, to - through) }, (_, index) => through + 1 + index);
          expect(fresh, `${from}..${to} on ${through}`).toEqual(expected);
        }
      }
    }
  });

  it("gives each new change the hash before it", () => {
    const life = lifeOf(3);
    const placement = placed(life, 1);
    expect(placement).toMatchObject({ fresh: [{ prevHash: life.hashAt(1) }, { prevHash: life.hashAt(2) }] });
    expect(placed(life, 0)).toMatchObject({ fresh: [{ prevHash: CHAIN_START }, {}, {}] });
  });

  it("is a gap when it starts behind the mark's next, and the answer has what the till needs to go on", () => {
    const life = lifeOf(9);
    for (const from of [4, 5, 9, 10]) {
      const error = refusal(() => placed(life, 2, life.request(from)));
      expect(error.code).toBe("GAP");
      expect(error.details).toEqual({ durableThrough: 2, chainHash: life.hashAt(2), expected: "3" });
    }
  });
});

describe("another history", () => {
  const ours = lifeOf(5);

  it.each([1, 2, 3, 4, 5])("is a fork at the first change that differs: %i", (at) => {
    const copy = lifeOf(at - 1);
    copy.add(sampleSale({ localId: "other" }, 999));
    copy.addSales(5 - at + 2, "later");
    const placement = placed(copy, 5, copy.request(), ours);
    expect(placement).toMatchObject({ kind: "fork", seq: at });
    const forked = placement.kind === "fork" ? placement.forked : [];
    expect(forked.map(({ seq, wire }) => [seq, wire])).toEqual(
      copy.wires.slice(at - 1).map((wire, index) => [at + index, wire]),
    );
  });

  it("is a fork at the next change when it differs before what was sent", () => {
    const copy = lifeOf(4);
    copy.add(sampleSale({ localId: "other" }, 999));
    copy.addSales(1);
    expect(placed(copy, 5, copy.request(6), ours)).toMatchObject({
      ...{ kind: "fork", seq: 6, forked: [{ seq: 6, wire: copy.wires[5] }] },
    });
    expect(placed(copy, 5, copy.request(6, 5), ours)).toEqual({ kind: "fork", seq: 6, forked: [] });
  });
});

describe("bytes that changed on the way", () => {
  it.each([1, 2, 3, 4])("are named: change %i, old or new", (broken) => {
    const life = lifeOf(4);
    const request = life.request();
    const changes = request.changes.map((wire, index) =>
      index === broken - 1 ? { ...wire, body: `${wire.body} ` } : wire,
    );
    for (const through of [0, 2, 4]) {
      const error = refusal(() => placed(life, through, { ...request, changes }));
      expect([error.code, error.details.seq]).toEqual(["CHAIN_BROKEN", broken]);
    }
  });

  it("are a broken chain too when a change is left out, doubled, swapped or in another place", () => {
    const life = lifeOf(4);
    const request = life.request();
    const at = (...indexes: number[]) => indexes.flatMap((index) => request.changes[index] ?? []);
    for (const changes of [at(0, 2, 3), at(0, 1, 1, 2), at(0, 2, 1, 3), at(1, 2, 3)]) {
      expect(refusal(() => placed(life, 0, { ...request, changes })).code).toBe("CHAIN_BROKEN");
    }
    for (const more of [{ incarnation: "ffffffffffffffff" }, { prevHash: life.hashAt(1) }, { fromSeq: 2 }]) {
      expect(() => placed(life, 1, { ...request, ...more })).toThrow(SyncError);
    }
  });

  it("are taken with the hash they claim when their till says that it lost them; what follows still has to chain", () => {
    const life = lifeOf(1);
    life.add("lost", { damaged: true, intactBody: sampleSale({ localId: "a" }, 5) });
    life.addSales(1);
    expect(placed(life, 0)).toMatchObject({ fresh: [{ seq: 1 }, { seq: 2, wire: { damaged: true } }, { seq: 3 }] });
    const request = life.request();
    const changes = request.changes.map((wire) => (wire.damaged ? { ...wire, hash: CHAIN_START } : wire));
    expect(refusal(() => placed(life, 0, { ...request, changes })).details.seq).toBe(3);
  });

  it("are noticed in the place that a change had in an earlier life, too", () => {
    const life = new SampleLife(TERMINAL);
    life.add(sampleSale({ localId: "a" }, 5), {
      origin: { incarnation: "1".repeat(16), seq: 3, hash: "a".repeat(64) },
    });
    expect(placed(life, 0)).toMatchObject({ kind: "fits" });
    const request = life.request();
    const changes = request.changes.map(({ origin: _origin, ...wire }) => wire);
    expect(refusal(() => placed(life, 0, { ...request, changes })).code).toBe("CHAIN_BROKEN");
  });
});
