import { join } from "node:path";
import { type Bench, expectRows, median, type Report } from "../bench.ts";
import { catalogue } from "./catalogue.ts";
import { pageBytes, type Rig, withRig } from "./rig.ts";

interface Pulled {
  readonly ms: number;
  /** Of the process, before it begins and at most meanwhile. */
  readonly beforeMiB: number;
  readonly peakMiB: number;
  /** Where it sold: while it pulled, and when all was there. */
  readonly during?: Sold;
  readonly after?: Sold;
}

interface Sold {
  readonly sales: number;
  readonly median: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

interface Round {
  readonly tillsync: Pulled;
  readonly copy: Pulled;
}

const TILL = new URL("till.ts", import.meta.url);
const COPY = new URL("copy.ts", import.meta.url);

/** An empty till pulls a catalogue, against COPY straight into SQLite. */
export const pull: Bench = {
  name: "pull",
  says: "100,000 items and 150,000 barcodes over HTTP into an empty till, against COPY straight into SQLite",
  run: async (options) => {
    const { smoke, folder, onProgress } = options;
    const products = catalogue(smoke ? 400 : 100_000);
    const items = products.products.length;
    const barcodes = Math.round(items * 1.5);
    return withRig(options, products, barcodes, async (rig) => {
      const rounds: Round[] = [];
      for (let turn = 0; turn < (options.rounds ?? (smoke ? 1 : 5)); turn++) {
        const own = () => pulled(rig, join(folder, `till-${turn}.db`), items, barcodes);
        const least = () => copied(rig, join(folder, `copy-${turn}.db`), items, barcodes);
        await rig.checkpoint();
        const [first, second] = turn % 2 === 0 ? [await own(), await least()] : [await least(), await own()];
        const round = turn % 2 === 0 ? { tillsync: first, copy: second } : { tillsync: second, copy: first };
        rounds.push(round);
        onProgress(
          `round ${turn + 1}: ${Math.round(round.tillsync.ms)} ms, COPY ${Math.round(round.copy.ms)} ms ${JSON.stringify(round.tillsync)}`,
        );
      }
      const { during, after } = await pulled(rig, join(folder, "till-sells.db"), items, barcodes, true);
      const told = (of?: Sold) =>
        of && `${of.sales} sales, ${ms(of.median)} median, ${ms(of.p99)} p99, ${ms(of.max)} at most`;
      const sold = `a till that sells every 20 ms, from the press of the key: ${told(during)} while it pulls; ${told(after)} afterwards`;
      const bytes = [await pageBytes(rig, "items"), await pageBytes(rig, "itemBarcodes")];
      const wire = bytes.reduce((sum, each) => sum + each.wire, 0) / bytes.reduce((sum, each) => sum + each.whole, 0);
      return report(rounds, wire, { items, barcodes, isReal: products.isReal, sold });
    });
  },
};

/** A process of its own each time, with an empty database. */
async function pulled(rig: Rig, file: string, items: number, barcodes: number, sells = false): Promise<Pulled> {
  const { url, key, terminal } = rig;
  const worker = rig.start(TILL);
  const result = await worker.ask<Pulled>("pull", { file, url, key, terminal, items, barcodes, sells });
  await worker.stop();
  return result;
}

async function copied(rig: Rig, file: string, items: number, barcodes: number): Promise<Pulled> {
  const worker = rig.start(COPY);
  const given = { file, databaseUrl: rig.database.adminUrl };
  const result = await worker.ask<Pulled & { items: number; barcodes: number }>("copy", given);
  await worker.stop();
  expectRows("items copied", items, result.items);
  expectRows("barcodes copied", barcodes, result.barcodes);
  return result;
}

function ms(value: number | null): string {
  return `${value?.toFixed(1) ?? "no"} ms`;
}

function report(
  rounds: readonly Round[],
  wire: number,
  { items, barcodes, isReal, sold }: { items: number; barcodes: number; isReal: boolean; sold: string },
): Report {
  const of = (read: (round: Round) => number) => median(rounds.map(read));
  const ratio = of(({ tillsync, copy }) => copy.ms / tillsync.ms);
  const peakMiB = of(({ tillsync }) => tillsync.peakMiB);
  const rows = items + barcodes;
  return {
    ratio,
    ratioOf: "rows/s over COPY straight into SQLite in the same round",
    rounds: rounds.length,
    columns: ["ms", "rows/s", "MiB before", "peak MiB"],
    rows: (["tillsync", "copy"] as const).map((name) => ({
      contender: name,
      figures: [
        of((round) => round[name].ms),
        of((round) => (rows / round[name].ms) * 1000),
        of((round) => round[name].beforeMiB),
        of((round) => round[name].peakMiB),
      ],
    })),
    bars: [
      { what: "rows/s over COPY", value: ratio, must: { atLeast: 0.5 }, aim: 0.7 },
      { what: "memory of the till's process, MiB", value: peakMiB, must: { atMost: 150 } },
      { what: "bytes over zstd -3 of all page bodies in one piece", value: wire, must: { atMost: 1.2 } },
    ],
    notes: [
      `${items} items and ${barcodes} barcodes, ${isReal ? "products of off-products" : "made up"}; search indexes included on both sides`,
      "tillsync: server, PostgreSQL and till in processes of their own; rows come in slices that can be resumed, count and hash are checked",
      "copy: one process, one transaction, no HTTP, no check, nothing to resume",
      sold,
      "rows counted on both sides after each run",
    ],
  };
}
