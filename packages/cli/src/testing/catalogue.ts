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
import { CatalogueTill } from "./catalogue-till.ts";
import { madeUpCatalogue } from "./made-up-catalogue.ts";
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
 * A catalogue through a real server: imported by the mappings that come with Tillsync, pulled by a real till that starts
 * empty, then price changes day by day, each day an import and a delta. At the end everything is counted and summed up
 * again on both sides: from the till's tables, and from pages that a reader fetches which is not the till's.
 *
 * @param files the real ones; made up where they are left out
 */
export async function loadCatalogue(
  files: Files | undefined,
  onProgress: (text: string) => void,
): Promise<CatalogueOutcome> {
  const servers = await TwoServers.start();
  const folder = mkdtempSync(join(tmpdir(), "tillsync-catalogue-"));
  let till: CatalogueTill | undefined;
  try {
    const { products, retail } = files ?? madeUpCatalogue(folder);
    const [enrolled, admin] = [await servers.enrol("T01"), await servers.enrolAdmin()];
    const [url = ""] = servers.urls;
    till = new CatalogueTill(join(folder, "till"), url, enrolled);
    const doors = { admin: { url, key: admin }, terminal: { url, key: enrolled.key } };
    const run = new CatalogueRun({ serverPid: servers.pids[0], till, ...doors, onProgress });
    await run.load("items", "organization", products, "off-items");
    await run.load("itemBarcodes", "organization", products, "off-barcodes");
    await run.load("items", "store", retail, "online-retail-items");
    await run.changePrices(retail, join(folder, "day.ndjson"));
    await run.compare();
    return { figures: run.figures, violations: [...run.violations, ...servers.deaths] };
  } finally {
    await till?.close();
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Sides {
  readonly serverPid: number | undefined;
  readonly till: CatalogueTill;
  readonly admin: Door;
  readonly terminal: Door;
  readonly onProgress: (text: string) => void;
}

const COPIES: readonly (readonly [ModuleName, Scope])[] = [
  ["items", "organization"],
  ["itemBarcodes", "organization"],
  ["items", "store"],
  ["prices", "store"],
];

class CatalogueRun {
  readonly figures: Record<string, number> = {};
  readonly violations: string[] = [];
  readonly #sides: Sides;

  constructor(sides: Sides) {
    this.#sides = sides;
  }

  async load(module: ModuleName, scope: Scope, file: string, mappingName: string): Promise<void> {
    const { serverPid, admin, till, onProgress } = this.#sides;
    const name = nameOf(module, scope);
    resetPeak(serverPid);
    const started = performance.now();
    const mapping = await loadModuleMapping(`${MAPPINGS}${mappingName}.json`);
    const answer = await sendRows(admin, { module, scope, file, mapping });
    this.figures[`${name}Imported`] = answer.inserted;
    this.figures[`${name}Flagged`] = answer.flagged;
    this.figures[`${name}ImportMs`] = Math.round(performance.now() - started);
    this.figures[`${name}ServerMiB`] = Math.round((memoryOf(serverPid)?.peakBytes ?? 0) / 2 ** 20);
    onProgress(`${module}: ${answer.inserted} rows imported`);
    const { rows, ms } = await till.pulled(module, scope, answer.n);
    this.figures[`${name}PullMs`] = ms;
    onProgress(`${module}: ${rows} rows at the till after ${Math.round(ms / 1000)} s`);
    if (rows !== answer.inserted) this.violations.push(`${name}: ${rows} rows of ${answer.inserted} at the till`);
  }

  /** Each day's first and changed prices as an import of its own, and the delta that the till then pulls. */
  async changePrices(file: string, dayFile: string): Promise<void> {
    const { admin, till, onProgress } = this.#sides;
    const started = performance.now();
    let [days, changes, missing] = [0, 0, 0];
    for await (const rows of byDay(mappedRows(file, await loadModuleMapping(`${MAPPINGS}online-retail-prices.json`)))) {
      writeFileSync(dayFile, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      const answer: ImportAnswer = await sendRows(admin, { module: "prices", scope: "store", file: dayFile });
      const pulled = await till.pulled("prices", "store", answer.n);
      days++;
      changes += answer.inserted;
      missing += answer.missingReferences;
      if (pulled.rows !== changes) this.violations.push(`prices of day ${days}: ${pulled.rows} rows of ${changes}`);
      if (days % 50 === 0) onProgress(`prices: ${days} days, ${changes} changes at the till`);
    }
    const ms = Math.round(performance.now() - started);
    Object.assign(this.figures, { priceDays: days, priceChanges: changes, pricesMs: ms });
    this.figures.pricesOfUnnamedItems = missing;
  }

  /** Count and hash of each copy from what the till holds, and from what head office gives to somebody else. */
  async compare(): Promise<void> {
    const { till, terminal, onProgress } = this.#sides;
    for (const [module, scope] of COPIES) {
      const name = nameOf(module, scope);
      const other = new PulledModule(terminal, module, scope);
      await other.pull();
      const held = till.counted(module, scope);
      this.figures[`${name}AtTill`] = held.rows;
      onProgress(
        `${name}: ${held.rows} rows, hash ${held.hash.slice(0, 12)} at the till, ${other.hash.slice(0, 12)} at head office`,
      );
      if (!other.isEqual) this.violations.push(`${name}: head office's rows do not add up to its hash`);
      if (held.hash !== other.hash || held.rows !== other.size)
        this.violations.push(`${name}: the till's ${held.rows} rows are not head office's ${other.size}`);
      if (module === "itemBarcodes") this.#scan(other);
    }
  }

  /** Every five-hundredth barcode is found at the till, with the item it belongs to. */
  #scan(barcodes: PulledModule): void {
    let [scanned, missed] = [0, 0];
    for (const text of barcodes.every(SCAN_EVERY)) {
      const { barcode, itemId } = JSON.parse(text) as { readonly barcode: string; readonly itemId: string };
      scanned++;
      if (!this.#sides.till.find(barcode).some(({ id }) => id === itemId)) missed++;
    }
    this.figures.barcodesScanned = scanned;
    if (missed > 0) this.violations.push(`${missed} of ${scanned} barcodes are not found at the till`);
  }
}

const SCAN_EVERY = 500;

function nameOf(module: ModuleName, scope: Scope): string {
  return `${module}Of${scope === "store" ? "Store" : "Organization"}`;
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
