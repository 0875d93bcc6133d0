import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { prng } from "../prng.ts";
import { type ReplayReport, replayInDemo } from "../testing/replay-in-demo.ts";

// The file is not ours to ship; it lies beside the repository where it is developed.
const BAKERY = fileURLToPath(new URL("../../../../../shared/data/bakery-breadbasket.csv.gz", import.meta.url));

/** Of the file's 9,531; `npm run proof -- bakery` sells all of them. Trouble comes six times as often here. */
const RECEIPTS = 1_500;

it("sells 1,500 receipts of the bakery through 20 cuts and 5 kills; both sides end equal, to the penny", async (context) => {
  if (!existsSync(BAKERY)) context.skip(`not run: the real file is not at ${BAKERY}`);
  const file = join(folderForTest(), "bakery.csv");
  const pieces = firstReceipts(file, RECEIPTS);
  const { code, report, stderr } = await replayInDemo(file, { offlineEvery: 75, killEvery: 300 });
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  expect(report).toMatchObject({
    cuts: 20,
    kills: 5,
    progress: { documents: RECEIPTS, recorded: RECEIPTS, refused: 0 },
  });
  expectEqualSides(report, { orders: RECEIPTS, totalMinor: pieces * 250 });
}, 300_000);

// Beside the real file it would prove nothing more.
if (!existsSync(BAKERY)) {
  it("does the same with a file made up after its shape", async () => {
    const file = join(folderForTest(), "bakery.csv");
    const receipts = 600;
    const pieces = madeUpBakery(file, receipts);
    const { code, report } = await replayInDemo(file, { offlineEvery: 100, killEvery: 150 });
    expect(code).toBe(0);
    expect(report).toMatchObject({ cuts: 6, kills: 4, progress: { documents: receipts, recorded: receipts } });
    expectEqualSides(report, { orders: receipts, totalMinor: pieces * 250 });
  });
}

function expectEqualSides({ verifications }: ReplayReport, expected: { orders: number; totalMinor: number }): void {
  for (const { equal, differences, receipts, till, centre } of verifications) {
    expect({ equal, differences, gaps: receipts.gaps }).toEqual({ equal: true, differences: [], gaps: 0 });
    expect(till).toEqual(centre);
  }
  for (const side of ["till", "centre"] as const) {
    const orders = verifications.reduce((sum, each) => sum + (each[side].documents.orders ?? 0), 0);
    const totalMinor = verifications.reduce((sum, each) => sum + (each[side].sums.GBP ?? 0), 0);
    expect({ orders, totalMinor }).toEqual(expected);
  }
  expect(verifications.reduce((sum, { receipts }) => sum + receipts.numbers, 0)).toBe(expected.orders);
}

function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-bakery-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The real file as far as so many receipts go. @returns how many pieces they sell; receipts of "NONE" sell nothing */
function firstReceipts(file: string, receipts: number): number {
  const [head = "", ...rows] = gunzipSync(readFileSync(BAKERY)).toString("utf8").trim().split("\n");
  const seen = new Set<string>();
  const kept = rows.filter((row) => {
    const receipt = row.split(",")[2] ?? "";
    if (seen.size < receipts) seen.add(receipt);
    return seen.has(receipt);
  });
  writeFileSync(file, [head, ...kept].join("\n"));
  return kept.filter((row) => row.trim().split(",")[3] !== "NONE").length;
}

/** Receipts of one to four pieces over some days, one row per piece. @returns how many pieces */
function madeUpBakery(file: string, receipts: number): number {
  const random = prng(20_161_030);
  const rows = ["Date,Time,Transaction,Item"];
  for (let receipt = 1; receipt <= receipts; receipt++) {
    const day = String(1 + Math.floor(receipt / 100)).padStart(2, "0");
    const time = `${String(8 + Math.floor((receipt % 100) / 10)).padStart(2, "0")}:${String(receipt % 60).padStart(2, "0")}:00`;
    const pieces = random.whole(1, 4);
    for (let piece = 0; piece < pieces; piece++) {
      rows.push(`2016-11-${day},${time},${receipt},${random.pick(["Bread", "Coffee", "Scandinavian", "Jam"])}`);
    }
  }
  writeFileSync(file, rows.join("\n"));
  return rows.length - 1;
}
