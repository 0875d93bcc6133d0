// A worker: an empty till that pulls all there is, and looks items up in it.
import { openTerminal, type Terminal } from "@tillsync/engine";
import { quantile } from "../bench.ts";
import { answer } from "../worker-side.ts";

interface Pull {
  readonly file: string;
  readonly url: string;
  readonly key: string;
  readonly terminal: string;
  readonly items: number;
  readonly barcodes: number;
}

const MIB = 2 ** 20;

let till: Terminal | undefined;

answer(
  {
    pull: async ({ file, url, key, terminal, items, barcodes }: Pull) => {
      const begin = performance.now();
      const opened = openTerminal({
        file,
        terminal,
        shortId: "T01",
        store: "main",
        currency: "KES",
        central: { url, key },
      });
      till = opened;
      // What a start takes to read its program is another matter.
      const before = process.memoryUsage.rss();
      let peak = before;
      const watch = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage.rss());
      }, 25);
      await new Promise<void>((resolve) => {
        const stop = opened.subscribe((event) => {
          if (event.type !== "status" || event.status.modules.state !== "current") return;
          const rowsOf = (name: string) =>
            opened.modules().modules.find(({ module, scope }) => module === name && scope === "organization")?.rows;
          if (rowsOf("items") !== items || rowsOf("itemBarcodes") !== barcodes) return;
          stop();
          resolve();
        });
      });
      clearInterval(watch);
      return { ms: performance.now() - begin, peakMiB: peak / MIB, beforeMiB: before / MIB };
    },
    lookUp: ({ barcodes, words }: { barcodes: readonly string[]; words: readonly string[] }) => ({
      barcode: timed(barcodes, (barcode) => till?.items.find({ barcode }).length ?? 0),
      word: timed(words, (word) => till?.items.find({ word, limit: 20 }).length ?? 0),
      prefix: timed(words, (prefix) => till?.items.find({ prefix, limit: 20 }).length ?? 0),
    }),
  },
  () => till?.close(0),
);

function timed(questions: readonly string[], ask: (question: string) => number) {
  let empty = 0;
  const times = questions.map((question) => {
    const begin = performance.now();
    if (ask(question) === 0) empty++;
    return performance.now() - begin;
  });
  return { median: quantile(times, 0.5), p99: quantile(times, 0.99), max: Math.max(...times), empty };
}
