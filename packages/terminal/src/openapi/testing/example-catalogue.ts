import { type FetchRequest, sha256 } from "@tillsync/engine";
import {
  canonicalText,
  formatModuleCursor,
  MODULES,
  ModuleHash,
  type ModuleName,
  type RowText,
  readRow,
  rowHash,
} from "@tillsync/protocol";

const EPOCH = "0190a5da-0000-774b-8cce-00000000000a";

const price = (id: string, amount: string, effectiveFrom: string) => ({
  ...{ id, itemId: "cola", price: amount, currency: "KES", effectiveFrom, includesTax: true },
});

/** What head office has: one bottle whose price rises tomorrow, and a thing without a price. */
const CATALOGUE: Partial<Record<ModuleName, readonly object[]>> = {
  taxes: [{ id: "B", name: "VAT", rate: "16", taxCode: "B" }],
  items: [
    { id: "cola", name: "Soda cola 500 ml", taxId: "B", unitOfMeasure: "H87" },
    { id: "gift", name: "Gift box" },
  ],
  itemBarcodes: [{ id: "cola-1", itemId: "cola", barcode: "5449000000996" }],
  prices: [price("cola-1", "60.00", "2026-01-01T00:00:00.000Z"), price("cola-2", "65.00", "2026-01-17T00:00:00.000Z")],
  offers: [
    {
      ...{ id: "bread-10", name: "Bread 10 % off", offerType: "percent", value: "10", itemIds: ["bread"] },
      effectiveFrom: "2026-01-01T00:00:00.000Z",
    },
  ],
  users: [{ id: "amina", name: "Amina", role: "cashier" }],
  settings: [{ id: "receipt.footer", value: "Asante" }],
};

/** The answers of a centre with that catalogue, which never changes. */
export function exampleCatalogue({ path }: FetchRequest): string {
  const url = new URL(path, "http://centre.test");
  const names = Object.keys(CATALOGUE) as ModuleName[];
  if (url.pathname === "/api/sync/gateway") return canonicalText({ modules: names.map(entryOf) });
  const module = url.pathname.split("/").at(-1) as ModuleName;
  const isDelta = url.searchParams.has("since");
  const header = { ...standingOf(module), kind: isDelta ? "delta" : "snapshot", next: null };
  const lines = isDelta ? [] : rowsOf(module).map(({ text }) => text);
  return [canonicalText(header), ...lines, ""].join("\n");
}

function entryOf(module: ModuleName) {
  const standing = standingOf(module);
  return { ...standing, dependsOn: [...MODULES[module].dependsOn], bytes: 0, news: standing.rows };
}

function standingOf(module: ModuleName) {
  const sum = new ModuleHash();
  const rows = rowsOf(module);
  for (const { text } of rows) sum.add(rowHash(sha256, module, "organization", text));
  const hash = sum.hex();
  const cursor = formatModuleCursor({ epoch: EPOCH, storeId: 0, n: 1, hash });
  return { module, scope: "organization", epoch: EPOCH, n: 1, rows: rows.length, hash, cursor };
}

function rowsOf(module: ModuleName): readonly RowText[] {
  return (CATALOGUE[module] ?? []).map((row) => readRow(module, row));
}
