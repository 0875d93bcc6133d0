import { existsSync } from "node:fs";
import { join } from "node:path";
import { missedRows } from "@tillsync/server/testing";
import { loadCatalogue } from "tillsync/testing";
import type { ProofOutcome } from "./proof-parts.ts";
import setUpPostgres from "./test-postgres.ts";

const WRITERS = 8;

/** Eight writers with held transactions, for a minute: what cursors on a sequence and on a time miss, and what ours. */
export async function rows(seed: number, seconds: number): Promise<ProofOutcome> {
  const stopPostgres = await setUpPostgres();
  try {
    const until = performance.now() + seconds * 1000;
    const figures = await missedRows({ seed, writers: WRITERS, isOver: () => performance.now() > until });
    const { missedByCursor, missedBySequence, missedByTimestamp } = figures;
    const violations = [
      ...(missedByCursor === 0 ? [] : [`${missedByCursor} rows missed by the cursor`]),
      ...(missedBySequence > 0 && missedByTimestamp > 0 ? [] : ["the naive cursors missed nothing: no proof"]),
    ];
    return { figures: { ...figures, seconds, writers: WRITERS }, violations };
  } finally {
    await stopPostgres?.();
  }
}

/** What is known of the real files; of prices the changes, to which the first price of each of 4,070 codes comes. */
const EXPECTED = {
  itemsOfOrganizationAtTill: 818_846,
  itemBarcodesOfOrganizationAtTill: 818_846,
  itemBarcodesOfOrganizationFlagged: 10_686,
  priceChanges: 4070 + 189_969,
  pricesOfStoreAtTill: 4070 + 189_969,
};

export async function catalogue(data: string, onProgress: (text: string) => void): Promise<ProofOutcome> {
  const real = { products: join(data, "off-products.csv.gz"), retail: join(data, "online-retail.csv.gz") };
  const missing = Object.values(real).find((file) => !existsSync(file));
  if (missing !== undefined) {
    onProgress(`made-up data, because the real file is not at ${missing}`);
    const { figures, violations } = await loadCatalogue(undefined, onProgress);
    return { figures: { data: "made up", ...figures }, violations };
  }
  const { figures, violations } = await loadCatalogue(real, onProgress);
  const wrong = Object.entries(EXPECTED).filter(([name, value]) => figures[name] !== value);
  const told = wrong.map(([name, value]) => `${name}: ${figures[name]} instead of ${value}`);
  return { figures: { data: "real", ...figures }, violations: [...violations, ...told] };
}
