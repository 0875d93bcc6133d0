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

/** What shared/data/README.md counts; of prices the changes, to which the first price of each of 4,070 codes comes. */
const EXPECTED = {
  itemsOfOrganizationImported: 818_846,
  itemBarcodesOfOrganizationImported: 818_846,
  itemBarcodesOfOrganizationFlagged: 10_686,
  priceChanges: 4070 + 189_969,
  priceChangesPulled: 4070 + 189_969,
};

export async function catalogue(data: string, onProgress: (text: string) => void): Promise<ProofOutcome> {
  const files = { products: join(data, "off-products.csv.gz"), retail: join(data, "online-retail.csv.gz") };
  const missing = Object.values(files).find((file) => !existsSync(file));
  if (missing !== undefined) return { notRun: `the real file is not at ${missing}` };
  const { figures, violations } = await loadCatalogue(files, onProgress);
  const wrong = Object.entries(EXPECTED).filter(([name, value]) => figures[name] !== value);
  const told = wrong.map(([name, value]) => `${name}: ${figures[name]} instead of ${value}`);
  return { figures, violations: [...violations, ...told] };
}
