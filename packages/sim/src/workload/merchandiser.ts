import { type ModuleName, type RowChange, readRowChange } from "@tillsync/protocol";
import type { ReferenceData } from "../centre/reference-data.ts";
import type { Chronicle } from "../chronicle.ts";
import type { Random } from "../random.ts";
import { BEGIN_WALL_MS } from "../till/clock.ts";
import { ARTICLES } from "./price-tags.ts";

const HOUR_MS = 3_600_000;

export interface MerchandiserOptions {
  readonly data: ReferenceData;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly storeIds: readonly number[];
  readonly currencies: readonly string[];
  readonly wallMs: () => number;
}

/** Somebody at head office who keeps the catalogue: new articles, other prices, prices of tomorrow, a few of one store only. */
export class Merchandiser {
  readonly #options: MerchandiserOptions;

  constructor(options: MerchandiserOptions) {
    this.#options = options;
    for (const module of ["items", "prices", "customers"] as const) this.#import(module, 0, 1);
  }

  /** One import. */
  act(): void {
    const { chronicle, random, storeIds } = this.#options;
    const module = random.weighted<ModuleName>([
      ["prices", 4],
      ["items", 2],
      ["customers", 1],
    ]);
    const storeId = module !== "customers" && random.chance(0.3) ? random.pick(storeIds) : 0;
    chronicle.hit(`office.imports-${module}`, storeId);
    this.#import(module, storeId, random.pick([0.1, 0.3, 0.8]));
  }

  /** @param share of the rows that it brings */
  #import(module: ModuleName, storeId: number, share: number): void {
    const { currencies, data, random, wallMs } = this.#options;
    const changes = ARTICLES.filter(() => random.chance(share)).flatMap((article): RowChange[] => {
      if (module === "prices") return currencies.map((currency) => this.#price(article, currency));
      const id = module === "customers" ? `k-${article}` : article;
      if (random.chance(0.1)) return [{ id, deleted: true }];
      return [readRowChange(module, { id, name: `${article} ${random.below(100)}` })];
    });
    data.write(module, storeId, changes, wallMs());
  }

  /** Now and then one that begins or ends within the day. */
  #price(itemId: string, currency: string): RowChange {
    const { random } = this.#options;
    const isFuture = random.chance(0.2);
    const id = `${itemId}.${currency}${isFuture ? ".next" : ""}`;
    if (random.chance(0.1)) return { id, deleted: true };
    const effectiveFrom = at(isFuture ? random.between(-HOUR_MS, HOUR_MS) : -1000 * HOUR_MS);
    return readRowChange("prices", { id, itemId, currency, price: String(random.between(1, 900)), effectiveFrom });
  }
}

function at(sinceBeginMs: number): string {
  return new Date(BEGIN_WALL_MS + sinceBeginMs).toISOString();
}
