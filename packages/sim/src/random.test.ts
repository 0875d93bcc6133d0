import { describe, expect, it } from "vitest";
import { Random } from "./random.ts";

const draws = (random: Random) => Array.from({ length: 5 }, () => random.float());

describe("Random", () => {
  it("gives the same numbers for the same name, and others for another", () => {
    expect(draws(new Random("seed 1"))).toEqual(draws(new Random("seed 1")));
    expect(draws(new Random("seed 1"))).not.toEqual(draws(new Random("seed 2")));
  });

  it("has streams that do not depend on what was drawn before", () => {
    const used = new Random("seed 1");
    draws(used);
    expect(draws(used.stream("faults"))).toEqual(draws(new Random("seed 1").stream("faults")));
  });

  it("draws nothing for a fault that is off", () => {
    const [one, other] = [new Random("seed 1"), new Random("seed 1")];
    expect(one.chance(0)).toBe(false);
    expect(draws(one)).toEqual(draws(other));
  });

  it("spreads evenly enough: each tenth of a hundred thousand draws gets its share within 3 %", () => {
    const random = new Random("spread");
    const tenths = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw++) {
      const tenth = random.below(10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const times of tenths) expect(Math.abs(times - 10_000)).toBeLessThan(300);
  });
});
