// A worker: an empty till that pulls all there is, and looks items up in it.
import "tillsync/small-heap";
import { setTimeout } from "node:timers/promises";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { quantile } from "../bench.ts";
import { sales } from "../sales.ts";
import { answer } from "../worker-side.ts";

interface Pull {
  readonly file: string;
  readonly url: string;
  readonly key: string;
  readonly terminal: string;
  readonly items: number;
  readonly barcodes: number;
  /** Sells meanwhile, and as long again when all is there. */
  readonly sells?: boolean;
}

/** Between two sales of a cashier who is quicker than any. */
const SALE_EVERY_MS = 20;
const SALES_AT_MOST = 10_000;

const MIB = 2 ** 20;

let till: Terminal | undefined;

answer(
  {
    pull: async ({ file, url, key, terminal, items, barcodes, sells = false }: Pull) => {
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
      let isThere = false;
      if (sells) opened.openShift({ operator: "Amina" });
      const selling = sells ? sell(opened, () => isThere) : undefined;
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
      const ms = performance.now() - begin;
      isThere = true;
      clearInterval(watch);
      const during = await selling;
      const until = performance.now() + Math.min(ms, 10_000);
      const after = sells ? await sell(opened, () => performance.now() > until) : undefined;
      return { ms, peakMiB: peak / MIB, beforeMiB: before / MIB, during, after };
    },
    lookUp: ({ barcodes, words }: { barcodes: readonly string[]; words: readonly string[] }) => ({
      barcode: timed(barcodes, (barcode) => till?.items.find({ barcode }).length ?? 0),
      word: timed(words, (word) => till?.items.find({ word, limit: 20 }).length ?? 0),
      prefix: timed(words, (prefix) => till?.items.find({ prefix, limit: 20 }).length ?? 0),
    }),
  },
  () => till?.close(0),
);

/** From the moment at which the cashier presses the key, so that waiting for a slice counts. */
async function sell(opened: Terminal, isOver: () => boolean) {
  const times: number[] = [];
  for (const sale of sales(SALES_AT_MOST, 11)) {
    const pressedAt = performance.now() + SALE_EVERY_MS;
    await setTimeout(SALE_EVERY_MS);
    if (isOver()) break;
    opened.closeOrder({ ...sale, localId: crypto.randomUUID() });
    times.push(performance.now() - pressedAt);
  }
  return { sales: times.length, median: quantile(times, 0.5), p99: quantile(times, 0.99), max: quantile(times, 1) };
}

function timed(questions: readonly string[], ask: (question: string) => number) {
  let empty = 0;
  const times = questions.map((question) => {
    const begin = performance.now();
    if (ask(question) === 0) empty++;
    return performance.now() - begin;
  });
  return { median: quantile(times, 0.5), p99: quantile(times, 0.99), max: Math.max(...times), empty };
}
