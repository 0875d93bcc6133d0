import { afterEach, expect, it } from "vitest";
import { placesOf } from "../oracle/till.ts";
import { viewOf } from "../oracle/till-view.ts";
import { Stage } from "./stage.ts";
import { minutes } from "./times.ts";

let stage: Stage;
afterEach(() => stage.destroy());

/** A till that is on, with a shift of Amina's open, and everything at the centre. */
async function opened(sales: number): Promise<Stage> {
  stage = new Stage({ profile: "continuous" });
  await stage.at("08:00");
  stage.till.start();
  stage.till.openShift("Amina");
  stage.till.sell(sales);
  await stage.drained(minutes(2));
  return stage;
}

it.each([true, false])(
  "a shift that was closed and settled after the centre's backup is settled again (noticed: %s)",
  async (isNoticed) => {
    await opened(3);
    const restore = stage.shop.backup();
    stage.till.sell(2);
    stage.till.closeShift();
    await stage.settled();
    expect(stage.tables.settlements.size).toBe(1);
    stage.stopServers();
    restore(isNoticed);
    stage.startServers();
    expect(stage.tables.settlements.size).toBe(0);
    await stage.until("the shift is judged again", () => stage.tables.settlements.size === 1, minutes(10));
    await stage.settled(stage.till, minutes(10));
    expect([...stage.tables.settlements.values()].map(({ judgement }) => judgement?.state)).toEqual(["settled"]);
    expect(stage.sales.count).toBe(5);
    expect(await stage.finish()).toEqual([]);
  },
);

it.each(["with the witness of the copy", "without a witness", "with its own witness"] as const)(
  "a till put back with unsent sales, to a centre that has these and more of the same life (%s), loses nothing and counts once",
  async (way) => {
    await opened(3);
    const { machine } = stage.till;
    stage.till.cutLink();
    stage.till.sell(2);
    const image = machine.disk.image();
    const witness = machine.witness.copy();
    stage.till.healLink();
    stage.till.sell(3);
    await stage.drained(minutes(2));
    machine.crash(false);
    const before = machine.witness;
    machine.takeOver(image, way === "with its own witness" ? before : witness);
    if (way === "without a witness") machine.witness.remove();
    machine.suspect = "rolled back";
    machine.mayRepeat = true;
    const kept = new Set(viewOf(machine).entries.flatMap(placesOf));
    machine.ledger.forgive(({ incarnation, seq, hash }) => kept.has(`${incarnation}/${seq} ${hash}`));
    stage.till.cutLink();
    stage.till.start();
    expect(stage.till.pending).toBeGreaterThanOrEqual(2);
    stage.till.sell(2);
    stage.till.healLink();
    await stage.drained(minutes(10));
    expect(await stage.finish()).toEqual([]);
    expect(stage.sales.count).toBe(10);
  },
);
