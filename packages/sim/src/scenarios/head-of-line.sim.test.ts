import { beforeAll, describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import type { Stage } from "./stage.ts";
import { play } from "./testing/play.ts";
import { hours, minutes } from "./times.ts";

const CHANGES = 10_000;
/** Ten seconds on a machine with nothing else to do: with poison in it, a batch is interpreted change by change. */
const TIMEOUT_MS = 180_000;
/** The opening of the shift comes first. */
const FIRST_SALE_SEQ = 2;
/** The closing. */
const LAST_SEQ = CHANGES + 1;

/** What the centre made of a till's backlog: behind how many answered exchanges each seq had its effect. */
interface Told {
  readonly appliedIn: ReadonlyMap<number, number>;
  readonly parked: readonly number[];
  /** How the shift ended, and the exceptions that its judgement lists. */
  readonly state: string;
  readonly exceptions: readonly number[];
}

describe("one bad change does not hold up the others (field survey 2.3)", () => {
  let clean: Told;
  beforeAll(async () => {
    clean = await backlog(new Set());
  }, TIMEOUT_MS);

  it.each([1, 7, 50])(
    `%i poison changes among ${CHANGES}: all others are applied, none later than one extra round, and the shift ends settled with exactly those exceptions`,
    async (count) => {
      const chance = new Random(`${count} poisons`);
      const poisons = new Set<number>();
      while (poisons.size < count) poisons.add(chance.between(FIRST_SALE_SEQ, CHANGES));
      const { appliedIn, parked, state, exceptions } = await backlog(poisons);
      const wanted = [...poisons].sort((a, b) => a - b);
      expect(parked).toEqual(wanted);
      expect({ state, exceptions }).toEqual({ state: "settled-with-exceptions", exceptions: wanted });
      expect(clean).toMatchObject({ state: "settled", exceptions: [] });
      expect(appliedIn.size).toBe(LAST_SEQ - count);
      const late = [...appliedIn].filter(([seq, round]) => round > (clean.appliedIn.get(seq) ?? 0) + 1);
      expect(late).toEqual([]);
    },
    TIMEOUT_MS,
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
    till.closeShift();
    await stage.advance(hours(1));
    till.healLink();
    const effects = await follow(stage);
    await stage.settled(till, minutes(2));
    const [judged] = stage.tables.settlements.values();
    const exceptions = judged?.judgement.exceptions.map(({ seq }) => seq) ?? [];
    told = { ...effects, state: till.settlements.at(-1)?.state ?? "none", exceptions };
    expect(till.status.exceptions).toBe(exceptions.length);
  });
  if (told === undefined) throw new Error("the script did not come to its end");
  return told;
}

/** Watches the centre's feed while the backlog arrives. */
async function follow(stage: Stage): Promise<Pick<Told, "appliedIn" | "parked">> {
  const { till } = stage;
  // Batches that overtook each other on the line go again, with poison in them or without: those count once.
  const answered = () => till.attempts.filter(({ outcome }) => outcome === "ok").length;
  const before = answered();
  const appliedIn = new Map<number, number>();
  const parked: number[] = [];
  let read = 0;
  const look = () => {
    const last = stage.tables.counter.get("counter")?.n ?? 0;
    for (; read < last; read++) {
      const { fromSeq = 1, toSeq = 0, effect, settlement } = stage.tables.feed.get(String(read + 1)) ?? {};
      if (settlement !== undefined) continue;
      const round = answered() - before;
      for (let seq = fromSeq; seq <= toSeq; seq++) {
        if (effect === "parked") parked.push(seq);
        else appliedIn.set(seq, round);
      }
    }
    return appliedIn.size + parked.length === LAST_SEQ;
  };
  await stage.until("every change has its effect", look, minutes(30));
  return { appliedIn, parked };
}
