import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ModuleName, Scope } from "@tillsync/protocol";
import { memoryOf, resetPeak } from "../hostile/testing/live-doors.ts";
import type { Door } from "../http-door.ts";
import { mappedRows } from "../module-import/mapped-rows.ts";
import { loadModuleMapping } from "../module-import/module-mapping.ts";
import { type ImportAnswer, sendRows } from "../module-import/send-rows.ts";
import { PulledModule } from "./pull-module.ts";
import { TwoServers } from "./two-servers.ts";

const MAPPINGS = fileURLToPath(new URL("../../../../examples/module-mappings/", import.meta.url));

export interface CatalogueFigures {
  readonly [figure: string]: number;
}

export interface CatalogueOutcome {
  readonly figures: CatalogueFigures;
  readonly violations: readonly string[];
}

interface Files {
  /** Barcode and name of each product, CSV. */
  readonly products: string;
  /** Invoices, CSV: prices that change. */
  readonly retail: string;
}

/**
 * A real catalogue through a real server: imported by the mappings that come with Tillsync, pulled by a copy that starts
 * empty, then real price changes day by day, each day an import and a delta. After each step both sides have one hash.
 */
export async function loadCatalogue(files: Files, onProgress: (text: string) => void): Promise<CatalogueOutcome> {
  const servers = await TwoServers.start();
  const folder = mkdtempSync(join(tmpdir(), "tillsync-catalogue-"));
  try {
    const run = new CatalogueRun(servers, await servers.enrolAdmin(), (await servers.enrol("T01")).key, onProgress);
    await run.load("items", "organization", files.products, "off-items");
    await run.load("itemBarcodes", "organization", files.products, "off-barcodes");
    await run.load("items", "store", files.retail, "online-retail-items");
    await run.changePrices(files.retail, join(folder, "day.ndjson"));
    return { figures: run.figures, violations: [...run.violations, ...servers.deaths] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await servers.stop();
  }
}

class CatalogueRun {
  readonly figures: Record<string, number> = {};
  readonly violations: string[] = [];
  readonly #servers: TwoServers;
  readonly #admin: Door;
  readonly #till: Door;
  readonly #onProgress: (text: string) => void;

  constructor(servers: TwoServers, adminKey: string, tillKey: string, onProgress: (text: string) => void) {
    const [url = ""] = servers.urls;
    this.#servers = servers;
    this.#admin = { url, key: adminKey };
    this.#till = { url, key: tillKey };
    this.#onProgress = onProgress;
  }

  async load(module: ModuleName, scope: Scope, file: string, mappingName: string): Promise<void> {
    const [pid] = this.#servers.pids;
    const name = `${module}Of${scope === "store" ? "Store" : "Organization"}`;
    resetPeak(pid);
    const started = performance.now();
    const mapping = await loadModuleMapping(`${MAPPINGS}${mappingName}.json`);
    const answer = await sendRows(this.#admin, { module, scope, file, mapping });
    this.figures[`${name}Imported`] = answer.inserted;
    this.figures[`${name}Flagged`] = answer.flagged;
    this.figures[`${name}ImportMs`] = Math.round(performance.now() - started);
    this.figures[`${name}ServerMiB`] = Math.round((memoryOf(pid)?.peakBytes ?? 0) / 2 ** 20);
    this.#onProgress(`${module}: ${answer.inserted} rows imported`);
    const copy = new PulledModule(this.#till, module, scope);
    const { pages, rows, packedBytes, ms } = await copy.pull();
    this.figures[`${name}Pages`] = pages;
    this.figures[`${name}PackedBytes`] = packedBytes;
    this.figures[`${name}PullMs`] = ms;
    this.#onProgress(`${module}: ${rows} rows pulled in ${pages} pages`);
    if (!copy.isEqual) this.violations.push(`${name}: the copy's hash is not head office's`);
    if (copy.size !== answer.inserted) this.violations.push(`${name}: ${copy.size} rows of ${answer.inserted}`);
  }

  /** Each day's first and changed prices as an import of its own, and what a till then fetches. */
  async changePrices(file: string, dayFile: string): Promise<void> {
    const copy = new PulledModule(this.#till, "prices", "store");
    const started = performance.now();
    let [days, changes, fetched, missing] = [0, 0, 0, 0];
    await copy.pull();
    for await (const rows of byDay(mappedRows(file, await loadModuleMapping(`${MAPPINGS}online-retail-prices.json`)))) {
      writeFileSync(dayFile, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      const wanted = { module: "prices", scope: "store", file: dayFile } as const;
      const answer: ImportAnswer = await sendRows(this.#admin, wanted);
      const pulled = await copy.pull();
      days++;
      changes += answer.inserted;
      missing += answer.missingReferences;
      fetched += pulled.rows;
      if (!copy.isEqual) this.violations.push(`prices of day ${days}: the copy's hash is not head office's`);
      if (days % 50 === 0) this.#onProgress(`prices: ${days} days, ${changes} changes`);
    }
    const ms = Math.round(performance.now() - started);
    Object.assign(this.figures, { priceDays: days, priceChanges: changes, priceChangesPulled: fetched, pricesMs: ms });
    this.figures.pricesOfUnnamedItems = missing;
  }
}

async function* byDay(rows: AsyncIterable<Record<string, unknown>>): AsyncGenerator<Record<string, unknown>[]> {
  let day: Record<string, unknown>[] = [];
  for await (const row of rows) {
    const dateOf = (one: Record<string, unknown> | undefined) => String(one?.effectiveFrom).slice(0, 10);
    if (day.length > 0 && dateOf(day[0]) !== dateOf(row)) {
      yield day;
      day = [];
    }
    day.push(row);
  }
  if (day.length > 0) yield day;
}
