import { countOf } from "@tillsync/protocol/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drained, ShopOnFolders, type Sold, type TillFolder } from "../testing/till-folders.ts";

let shop: ShopOnFolders;

beforeAll(async () => {
  shop = await ShopOnFolders.open();
});
afterAll(() => shop.close());

/** Ten meet every way with the other till selling offline and online. */
const SEEDS = countOf(process.env.TILLSYNC_FULL_COUNTS, { quick: 10, full: 20 });

/** What becomes of a till's folder between two runs of it. */
const WAYS = ["copied", "put back", "put back, its witness not", "lost, its witness not", "lost"] as const;

function happens(folder: TillFolder, way: Exclude<(typeof WAYS)[number], "copied">): void {
  const to = way.startsWith("put back") ? "the last kept" : "nothing";
  folder.putBack(to, { withWitness: !way.endsWith("its witness not") });
}

/** Numbers that stand on two sales. */
function givenTwice(sales: readonly Sold[]): string[] {
  const byNumber = Map.groupBy(sales, ({ receiptNumber }) => receiptNumber);
  return [...byNumber].flatMap(([number, { length }]) => (length > 1 ? [number] : [])).sort();
}

it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  "a folder that is copied, put back or lost loses nothing that was sent or is still there, stops nowhere, and head office is told: %i",
  async (seed) => {
    // The seed's own digits are chance enough.
    const [one, two, three] = [1 + (seed % 3), seed % 2 === 0, Math.floor(seed / 5) % 2 === 0];
    const way = WAYS[seed % WAYS.length] ?? "copied";
    const name = `F${seed}`;
    const folder = await shop.enrol(name);
    await folder.sell(`${name}-a`, one);
    folder.keep();
    const twin = way === "copied" ? folder.copy() : undefined;
    // What is sold offline and then lost with its folder is nowhere; so it is sold online where that may happen.
    await folder.sell(`${name}-b`, 2, way !== "copied" || two);
    if (way !== "copied") happens(folder, way);
    if (three) await (twin ?? folder).sell(`${name}-c`, 2, false);
    await (twin ?? folder).sell(`${name}-d`, 1);
    await folder.sell(`${name}-e`, 1);
    if (twin) await twin.sell(`${name}-f`, 1);
    const sold = [...folder.sold, ...(twin?.sold ?? [])].map(({ localId }) => localId).sort();
    const there = await shop.documentsOf(name);
    expect(there.map(({ localId }) => localId)).toEqual(sold);
    // After its first contact no copy gives a number again. Whichever comes second sold until then, and cannot have known.
    const second = two ? /-[cd]-/ : /-[be]-/;
    const known = there.filter(({ localId }) => twin === undefined || !second.test(localId));
    const late = known.filter(({ localId }) => /-[ef]-/.test(localId)).map(({ receiptNumber }) => receiptNumber);
    for (const number of late) expect(known.filter(({ receiptNumber }) => receiptNumber === number)).toHaveLength(1);
    const till = folder.open();
    await drained(till);
    for (const { localId } of folder.sold) expect(till.order(localId)?.state).toBe("closed");
    await till.close();

    const tasks = await shop.tasksOf(folder);
    // Head office names every life that began, and whether another copy goes on in the one before.
    const parted = tasks.filter(({ kind }) => kind === "till-parted");
    expect(parted).toHaveLength(await shop.birthsOf(folder));
    expect(parted.length).toBeGreaterThan(0);
    const goesOn = parted.some(({ evidence }) => (evidence as { kept: { goesOn: boolean } }).kept.goesOn);
    expect({ way, goesOn }).toEqual({ way, goesOn: way === "copied" });
    // Every number that stands on two sales is named, and none that does not.
    const twice = tasks.flatMap(({ kind, subject }) => (kind === "receipt-twice" ? [subject] : []));
    expect(twice.sort()).toEqual(givenTwice(there));
  },
);
