import { ERASED } from "@tillsync/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Prng, prng } from "../prng.ts";
import { readOwnSide } from "./own-side.ts";
import { breakTill, settled, type TestTill, TwoSides, tillContent, tillPosition } from "./testing/two-sides.ts";

const SEED = Number(process.env.TILLSYNC_SEED ?? Date.now() % 1_000_000);
const ROUNDS = 4;
const SALES = 30;

let world: TwoSides;
beforeAll(async () => {
  world = await TwoSides.open();
});
afterAll(() => world.close());

/** Every third sale names a customer. */
async function soldShift(shift: string, till: TestTill): Promise<void> {
  till.terminal.openShift({ localId: shift, operator: "Amina", businessDate: "2026-01-16" });
  for (let index = 1; index <= SALES; index++) {
    till.terminal.closeOrder({
      localId: `${shift}-${index}`,
      lines: [{ item: "bread", quantity: "1", unitPrice: "2.50" }],
      tenders: [{ type: "cash", amountMinor: 250 }],
      ...(index % 3 === 0 ? { private: { name: `Otieno ${index}`, phone: "+254700000001" } } : {}),
    });
  }
  expect(await till.terminal.syncNow()).toMatchObject({ left: 0 });
}

const hasPrivate = (seq: number) => (seq - 1) % 3 === 0 && seq > 1;

/** Lost, altered, another one's, or one where none belongs; whichever the row can have. */
function breakAtTill(till: TestTill, seq: number, random: Prng): void {
  const other = `(SELECT private FROM journal WHERE private IS NOT NULL AND position <> (1 << 40) + ${seq} LIMIT 1)`;
  const values = hasPrivate(seq) ? ["NULL", "replace(private, 'Otieno', 'Wanjiru')", other] : [other];
  breakTill(
    till,
    `UPDATE journal SET private = ${values[random.whole(0, values.length - 1)]} WHERE ${tillPosition(seq)}`,
  );
}

async function breakAtCentre({ id }: TestTill, seq: number, random: Prng): Promise<void> {
  const place = `terminal = '${id}' AND seq = ${seq}`;
  const other = `(SELECT private FROM tillsync.change_private WHERE terminal = '${id}' AND seq <> ${seq} LIMIT 1)`;
  const there = [
    `DELETE FROM tillsync.change_private WHERE ${place}`,
    `UPDATE tillsync.change_private SET private = set_byte(private, 12, get_byte(private, 12) # 1) WHERE ${place}`,
    `UPDATE tillsync.change_private SET private = ${other} WHERE ${place}`,
    `UPDATE tillsync.change_private SET private = '' WHERE ${place}`,
  ];
  const stray = [
    `INSERT INTO tillsync.change_private SELECT org_id, store_id, terminal, incarnation, seq, ${other} FROM tillsync.change_head WHERE ${place}`,
  ];
  const statements = hasPrivate(seq) ? there : stray;
  const { rowCount } = await world.admin.query(statements[random.whole(0, statements.length - 1)] ?? "");
  expect(rowCount).toBe(1);
}

function chooseFaults(random: Prng): { till: number[]; centre: number[] } {
  const seqs = new Set<number>();
  for (let k = random.whole(1, 8); k > 0; k--) seqs.add(random.whole(2, SALES + 1));
  const chosen = [...seqs].sort((one, other) => one - other);
  const till = chosen.filter(() => random.chance(0.5));
  return { till, centre: chosen.filter((seq) => !till.includes(seq)) };
}

const healedAtTill = ({ file }: TestTill, shift: string) =>
  readOwnSide(file, shift)?.healed.toSorted((one, other) => one - other);

describe(`private parts that were lost, altered or doubled on either side (seed ${SEED})`, () => {
  it.each(Array.from({ length: ROUNDS }, (_, index) => SEED + index))(
    "are found, exactly those, and healed from the copy that fits: seed %i",
    async (seed) => {
      const random = prng(seed);
      const till = await world.openTill(`P${seed % 1_000_000}`);
      const shift = `shift-${seed}`;
      await soldShift(shift, till);
      const whole = tillContent(till);
      const faults = chooseFaults(random);
      const done = settled(till.terminal, shift);
      for (const seq of faults.centre) await breakAtCentre(till, seq, random);
      till.terminal.closeShift({});
      for (const seq of faults.till) breakAtTill(till, seq, random);
      expect({ seed, faults, ...(await done) }).toMatchObject({ state: "settled", exceptions: 0, differences: 0 });

      const left = tillContent(till);
      expect({ seed, faults, left: left.slice(0, whole.length) }).toEqual({ seed, faults, left: whole });
      expect({ seed, faults, right: await world.centreContent(till) }).toEqual({ seed, faults, right: left });
      const healed = { till: healedAtTill(till, shift), centre: await world.healedAtCentre(till) };
      expect({ seed, healed }).toEqual({ seed, healed: faults });
      expect(readOwnSide(till.file, shift)?.flaws).toEqual([]);
      await till.terminal.close();
    },
    60_000,
  );
});

describe("a private part", () => {
  it("that neither side has is an exception of its shift, which ends; the sale counts as it was sold", async () => {
    const till = await world.openTill("P01");
    await soldShift("lost", till);
    const done = settled(till.terminal, "lost");
    await world.admin.query("DELETE FROM tillsync.change_private WHERE terminal = $1 AND seq = 7", [till.id]);
    till.terminal.closeShift({});
    breakTill(till, `UPDATE journal SET private = NULL WHERE ${tillPosition(7)}`);
    expect(await done).toMatchObject({ state: "settled-with-exceptions", exceptions: 1, differences: 0 });
    const { rows } = await world.admin.query<{ judgement: unknown }>(
      "SELECT judgement FROM tillsync.shift_settlement WHERE terminal = $1",
      [till.id],
    );
    expect(rows[0]?.judgement).toMatchObject({
      exceptions: [{ seq: 7, effect: "applied", code: "PRIVATE_LOST" }],
      totals: [{ currency: "KES", tender: "cash", amountMinor: SALES * 250 }],
    });
    await till.terminal.close();
  });

  it("that was erased on either side is not called lost, and does not come back", async () => {
    const till = await world.openTill("P02");
    await soldShift("erased", till);
    const done = settled(till.terminal, "erased");
    const erase = "UPDATE tillsync.change_private SET private = $3 WHERE terminal = $1 AND seq = $2";
    await world.admin.query(erase, [till.id, 4, Buffer.from(ERASED)]);
    till.terminal.closeShift({});
    breakTill(till, `UPDATE journal SET private = ? WHERE ${tillPosition(7)}`, ERASED);
    // Lost here and erased there: the mark is what comes.
    await world.admin.query("DELETE FROM tillsync.change_private WHERE terminal = $1 AND seq = 10", [till.id]);
    breakTill(till, `UPDATE journal SET private = ? WHERE ${tillPosition(10)}`, ERASED);
    await world.admin.query(erase, [till.id, 13, Buffer.from(ERASED)]);
    breakTill(till, `UPDATE journal SET private = NULL WHERE ${tillPosition(13)}`);
    expect(await done).toMatchObject({ state: "settled", exceptions: 0 });
    const [left, right] = [tillContent(till), await world.centreContent(till)];
    const erased = (side: typeof left) => side.flatMap((row, at) => (row.private === ERASED ? [at + 1] : []));
    expect({ till: erased(left), centre: erased(right) }).toEqual({ till: [7, 10, 13], centre: [4, 10, 13] });
    await till.terminal.close();
  });

  it("and the bytes of its change, each lost on another side, both come back", async () => {
    const till = await world.openTill("P04");
    await soldShift("mixed", till);
    const whole = tillContent(till);
    const done = settled(till.terminal, "mixed");
    const at = (table: string, seq: number) =>
      world.admin.query(`DELETE FROM tillsync.${table} WHERE terminal = $1 AND seq = $2`, [till.id, seq]);
    await at("change_private", 4);
    await at("change_body", 7);
    await at("change_private", 10);
    till.terminal.closeShift({});
    breakTill(till, `UPDATE journal SET body = '' WHERE ${tillPosition(4)}`);
    breakTill(till, `UPDATE journal SET private = NULL WHERE ${tillPosition(7)}`);
    breakTill(till, `DELETE FROM journal WHERE ${tillPosition(13)}`);
    expect(await done).toMatchObject({ state: "settled", exceptions: 0 });
    expect(tillContent(till).slice(0, whole.length)).toEqual(whole);
    expect((await world.centreContent(till)).slice(0, whole.length)).toEqual(whole);
    await till.terminal.close();
  });

  it("that was erased before it was sent is applied", async () => {
    const till = await world.openTill("P03", "http://127.0.0.1:9");
    till.terminal.openShift({ localId: "early", operator: "Amina", businessDate: "2026-01-16" });
    const tenders = [{ type: "cash", amountMinor: 250 }];
    const lines = [{ item: "bread", quantity: "1", unitPrice: "2.50" }];
    till.terminal.closeOrder({ localId: "early-1", lines, tenders, private: { name: "Otieno" } });
    breakTill(till, `UPDATE journal SET private = ? WHERE ${tillPosition(2)}`, ERASED);
    till.terminal.closeShift({});
    await till.terminal.close();
    const again = world.reopen(till);
    expect(await settled(again.terminal, "early")).toMatchObject({ state: "settled" });
    expect(await world.effects(again)).toEqual(["applied", "applied", "applied"]);
    await again.terminal.close();
  });
});
