import { countOf } from "@tillsync/protocol/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sidesOf } from "../commands/settlement.ts";
import { type Prng, prng } from "../prng.ts";
import { readOwnSide } from "./own-side.ts";
import { printSettlement } from "./print.ts";
import { breakTill, settled, type TestTill, TwoSides, tillContent, tillPosition } from "./testing/two-sides.ts";

const SEED = Number(process.env.TILLSYNC_SEED ?? Date.now() % 1_000_000);
const ROUNDS = countOf(process.env.TILLSYNC_FULL_COUNTS, { quick: 3, full: 6 });
const SALES = 40;

let world: TwoSides;
beforeAll(async () => {
  world = await TwoSides.open();
});
afterAll(() => world.close());

function breakRow(till: TestTill, seq: number, fault: number): void {
  const at = tillPosition(seq);
  const twin = `(SELECT body FROM journal WHERE ${tillPosition(seq - 1)})`;
  const statements = [
    `DELETE FROM journal WHERE ${at}`,
    `UPDATE journal SET body = replace(body, '"amountMinor":', '"amountMinor":9') WHERE ${at}`,
    `UPDATE journal SET hash = randomblob(32) WHERE ${at}`,
    `UPDATE journal SET body = coalesce(${twin}, '') WHERE ${at}`,
  ];
  breakTill(till, statements[fault] ?? "");
}

async function breakCentre({ id }: TestTill, seq: number, fault: number): Promise<void> {
  const place = `terminal = '${id}' AND seq = ${seq}`;
  const statements = [
    `DELETE FROM tillsync.change_head WHERE ${place}`,
    `DELETE FROM tillsync.change_body WHERE ${place}`,
    `UPDATE tillsync.change_body SET body = set_byte(body, 40, get_byte(body, 40) # 1) WHERE ${place}`,
    `UPDATE tillsync.change_head SET hash = sha256(hash) WHERE ${place}`,
    `UPDATE tillsync.change_body SET body = coalesce((SELECT body FROM tillsync.change_body WHERE terminal = '${id}' AND seq = ${seq - 1}), '') WHERE ${place}`,
  ];
  expect((await world.admin.query(statements[fault] ?? "")).rowCount).toBe(1);
}

/** What `tillsync settlement` prints. */
async function shown({ file, key }: TestTill, shift: string): Promise<string> {
  const target = { shortId: "T01", local: { url: "" }, file, centre: { url: world.server.url, key } };
  const sides = await sidesOf(shift, [target]);
  expect(sides).toMatchObject({ equal: true, differences: [], state: "settled" });
  const lines: string[] = [];
  const line = (text = "") => void lines.push(text);
  printSettlement({ json: false, line, progress: () => {}, value: () => {} }, sides);
  return `${lines.join("\n")}\n`;
}

/** Which of the rows in reach of both sides are broken on which: no row on both, or nobody would have it. */
function chooseFaults(random: Prng, last: number): { till: number[]; centre: number[] } {
  const seqs = new Set<number>();
  for (let k = random.whole(1, 8); k > 0; k--) seqs.add(random.whole(2, last - 1));
  const chosen = [...seqs].sort((one, other) => one - other);
  const till = chosen.filter(() => random.chance(0.5));
  return { till, centre: chosen.filter((seq) => !till.includes(seq)) };
}

describe(`changes of a shift that were lost, altered or doubled on either side (seed ${SEED})`, () => {
  it.each(Array.from({ length: ROUNDS }, (_, index) => SEED + index))(
    "are found, exactly those, and healed to the byte and to the cent: seed %i",
    async (seed) => {
      const random = prng(seed);
      const till = await world.openTill(`S${seed % 1_000_000}`);
      const { terminal } = till;
      const line = { item: "bread", quantity: "1", unitPrice: "2.50" };
      terminal.openShift({ localId: `shift-${seed}`, operator: "Amina", businessDate: "2026-01-16" });
      for (let index = 1; index <= SALES; index++) {
        const tenders = [{ type: index % 3 === 0 ? "mpesa" : "cash", amountMinor: 250 }];
        terminal.closeOrder({ localId: `${seed}-${index}`, lines: [line], tenders });
      }
      expect(await terminal.syncNow()).toMatchObject({ left: 0 });
      const whole = tillContent(till);
      const faults = chooseFaults(random, whole.length);
      const done = settled(terminal, `shift-${seed}`);
      for (const seq of faults.centre) await breakCentre(till, seq, random.whole(0, 4));
      terminal.closeShift({});
      for (const seq of faults.till) breakRow(till, seq, random.whole(0, 3));
      expect({ seed, faults, ...(await done) }).toMatchObject({ state: "settled", exceptions: 0, differences: 0 });

      const [left, right] = [tillContent(till), await world.centreContent(till)];
      expect({ seed, faults, left }).toEqual({ seed, faults, left: right });
      expect(left.slice(0, whole.length)).toEqual(whole);
      const own = readOwnSide(till.file, `shift-${seed}`);
      const healed = { till: own?.healed.toSorted((a, b) => a - b), centre: await world.healedAtCentre(till) };
      expect({ seed, healed }).toEqual({ seed, healed: faults });
      expect(own?.totals).toEqual([
        { currency: "KES", tender: "cash", amountMinor: 250 * (SALES - Math.floor(SALES / 3)) },
        { currency: "KES", tender: "mpesa", amountMinor: 250 * Math.floor(SALES / 3) },
      ]);
      expect(own?.flaws).toEqual([]);
      expect(await shown(till, `shift-${seed}`)).toMatch(/SETTLED\n.*till +head office\n.*order\.closed +40 +40\n/s);
      await terminal.close();
    },
    60_000,
  );
});
