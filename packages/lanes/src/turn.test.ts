import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOBODY_PASSED, type Passed, SHARERS, turnOf } from "./turn.ts";

const ALL = SHARERS.map(({ lane }) => lane);

/** Whom each turn went to, when these lanes want one. */
function turns(loads: readonly ReadonlySet<string>[]): (string | undefined)[] {
  let passed: Passed = NOBODY_PASSED;
  return loads.map((wants) => {
    const turn = turnOf(SHARERS, wants, passed);
    passed = turn.passed;
    return turn.lane;
  });
}

describe("the turn of lanes that share a budget", () => {
  it("goes by their order when each has one thing to send", () => {
    const loads = ALL.map((_, i) => new Set(ALL.slice(i)));
    expect(turns(loads)).toEqual(["etims", "mpesa", "central", "backup"]);
  });

  it("is nobody's when nobody wants it, and the only one's who does", () => {
    expect(turns([new Set(), new Set(["backup"])])).toEqual([undefined, "backup"]);
  });

  it("is the first one's more than half of the time, and each other one's as often as stated, when all want it always", () => {
    const given = turns(Array.from({ length: 1_600 }, () => new Set(ALL)));
    const count = (lane: string) => given.filter((one) => one === lane).length;
    expect(ALL.map(count)).toEqual([900, 400, 200, 100].map((n) => expect.closeTo(n, -1)));
  });

  it("passes over no lane for longer than its share and the lanes that are owed one too, whatever the others want", () => {
    const load = fc.array(fc.subarray(ALL), { minLength: 50, maxLength: 200 });
    fc.assert(
      fc.property(load, fc.constantFrom(...SHARERS.slice(1)), (others, { lane, oneIn = 0 }) => {
        const given = turns(others.map((wants) => new Set([...wants, lane])));
        let passedOver = 0;
        for (const one of given) {
          passedOver = one === lane ? 0 : passedOver + 1;
          expect(passedOver).toBeLessThan(oneIn + ALL.length - 2);
        }
      }),
    );
  });
});
