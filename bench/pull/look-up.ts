import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { catalogue } from "./catalogue.ts";
import { withRig } from "./rig.ts";

interface Times {
  readonly median: number;
  readonly p99: number;
  readonly max: number;
  readonly empty: number;
}

const TILL = new URL("till.ts", import.meta.url);

/** A cashier scans and types on a till with a very large catalogue. */
export const lookUp: Bench = {
  name: "look-up",
  says: "barcodes, words and beginnings of names at 818,846 items",
  run: async (options) => {
    const { smoke, folder, onProgress } = options;
    const products = catalogue(smoke ? 400 : 818_846);
    const items = products.products.length;
    return withRig(options, products, items, async ({ url, key, terminal, start }) => {
      const worker = start(TILL);
      const file = join(folder, "till.db");
      const { ms } = await worker.ask<{ ms: number }>("pull", { file, url, key, terminal, items, barcodes: items });
      onProgress(`pulled ${items} items and as many barcodes in ${Math.round(ms / 1000)} s`);
      const asked = smoke ? 50 : 5_000;
      const some = (index: number) => products.products[(index * 7_919) % items] ?? ["", ""];
      const barcodes = Array.from({ length: asked }, (_, index) => some(index)[0]);
      const words = Array.from({ length: asked }, (_, index) => some(index)[1]).flatMap(longestWord);
      const times = await worker.ask<Record<"barcode" | "word" | "prefix", Times>>("lookUp", { barcodes, words });
      const row = (contender: string, { median, p99, max, empty }: Times) => ({
        contender,
        figures: [median, p99, max],
        note: `${empty} found nothing`,
      });
      return {
        ratio: null,
        ratioOf: "",
        rounds: 1,
        columns: ["median ms", "p99 ms", "max ms"],
        rows: [row("barcode", times.barcode), row("word", times.word), row("prefix", times.prefix)],
        bars: [
          { what: "barcode p99, ms", value: times.barcode.p99, must: { atMost: 1 } },
          { what: "first 20 hits of a word p99, ms", value: times.word.p99, must: { atMost: 10 } },
        ],
        notes: [
          `${items} items and as many barcodes, ${products.isReal ? "off-products" : "made up"}, pulled over HTTP in ${Math.round(ms)} ms`,
          "each answer with price and tax, as the till's API gives it; the words are the longest ones of random names",
        ],
      };
    });
  },
};

function longestWord(name: string): string[] {
  const [longest] = (name.match(/[\p{L}\p{N}]+/gu) ?? []).toSorted((a, b) => b.length - a.length);
  return longest === undefined ? [] : [longest];
}
