import { beforeAll, describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import type { Stage } from "./stage.ts";
import { play } from "./testing/play.ts";
import { hours, minutes } from "./times.ts";

const CHANGES = 10_000;
/** The opening of the shift comes first. */
const FIRST_SALE_SEQ = 2;

/** What the centre made of a till's backlog: in which exchange, counted from the first, each seq had its effect. */
interface Told {
  readonly appliedIn: ReadonlyMap<number, number>;
  readonly parked: readonly number[];
}

describe("one bad change does not hold up the others (field survey 2.3)", () => {
  let clean: Told;
  beforeAll(async () => {
    clean = await backlog(new Set());
  });

  it.each([1, 50])(
    `%i poison changes among ${CHANGES}: all others are applied, none later than one extra round`,
    async (count) => {
      const chance = new Random(`${count} poisons`);
      const poisons = new Set<number>();
      while (poisons.size < count) poisons.add(chance.between(FIRST_SALE_SEQ, CHANGES));
      const { appliedIn, parked } = await backlog(poisons);
      expect(parked).toEqual([...poisons].sort((a, b) => a - b));
      expect(appliedIn.size).toBe(CHANGES - count);
      const late = [...appliedIn].filter(([seq, round]) => round > (clean.appliedIn.get(seq) ?? 0) + 1);
      expect(late).toEqual([]);
    },
  );
});

/** A backlog that goes up at once, with poison at these places. */
async function backlog(poisons: ReadonlySet<number>): Promise<Told> {
  let told: Told | undefined;
  await play({ profile: "continuous" }, async (stage) => {
    const { till } = stage;
    till.cutLink();
    till.start();
    till.openShift("Amina");
    for (let seq = FIRST_SALE_SEQ; seq <= CHANGES; seq++) {
      if (poisons.has(seq)) till.sellPoison();
      else till.sell();
    }
    await stage.advance(hours(1));
    till.healLink();
    told = await follow(stage);
  });
  if (told === undefined) throw new Error("the script did not come to its end");
  return told;
}

/** Watches the centre's feed while the backlog arrives. */
async function follow(stage: Stage): Promise<Told> {
  const { till } = stage;
  const before = till.attempts.length;
  const appliedIn = new Map<number, number>();
  const parked: number[] = [];
  let read = 0;
  const look = () => {
    const last = stage.tables.counter.get("counter")?.n ?? 0;
    for (; read < last; read++) {
      const { fromSeq = 1, toSeq = 0, effect } = stage.tables.feed.get(String(read + 1)) ?? {};
      for (let seq = fromSeq; seq <= toSeq; seq++) {
        if (effect === "parked") parked.push(seq);
        else appliedIn.set(seq, till.attempts.length - before);
      }
    }
    return appliedIn.size + parked.length === CHANGES;
  };
  await stage.until("every change has its effect", look, minutes(30));
  return { appliedIn, parked };
}
