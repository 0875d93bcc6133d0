import type { ExchangeRequest, ModuleName } from "@tillsync/protocol";
import type { DoorExample } from "@tillsync/protocol/testing";
import { SampleLife, sampleEdit, sampleSale } from "./sample-life.ts";

const LINES = [
  { productId: "bread", name: "Bread", quantity: 2, price: 45.99, total: 91.98 },
  { productId: "tea", name: "Chai é", quantity: 1.5, price: 20, total: 30.0 },
];
const ORDER = {
  order: {
    id: 17,
    orderNumber: "A-17",
    total: 121.98,
    status: "completed",
    createdAt: "2026-01-16T10:00:00Z",
    items: LINES,
    customer: { name: "Wanjiru", phone: "0722000000" },
    notes: null,
  },
  localId: "order-17",
  deviceId: "device-1",
  syncStatus: "PENDING",
  syncVersion: 1,
};
const TRANSACTION = {
  transaction: { id: 5, type: "payout", amount: -50.5, referenceNumber: "R-5", createdAt: 1768557600000 },
  localId: "transaction-5",
  deviceId: "device-1",
  syncVersion: 1,
};
const SALE_EVENT = {
  Id: 12,
  StoreId: "STORE001",
  TransactionType: "SALE",
  ProductId: "bread",
  Quantity: 2,
  UnitPrice: 45.99,
  TotalAmount: 91.98,
  TransactionDate: "2026-01-16T10:00:00Z",
};
const STOCK_EVENT = {
  id: "update-1",
  storeId: "STORE001",
  productId: "tea",
  previousStock: 10,
  newStock: 7.5,
  updateType: "ADJUSTMENT",
  timestamp: "2026-01-16T10:00:00Z",
};
const ACT = { actor: "Amina", reason: "a wrong price" };

const ITEM = { id: "bread", name: "Bread", taxId: "VAT", attributes: { shelf: "A7" } };
const BARCODE = { id: "1", itemId: "bread", barcode: "5449000000996", quantity: "1" };
const CURSOR = `0198c0de-0000-7000-8000-000000000001.0.1.${"0".repeat(32)}`;

/** Good rows of reference data, by module. */
export const ROWS: readonly [readonly [ModuleName, object], ...(readonly [ModuleName, object])[]] = [
  ["items", ITEM],
  ["itemBarcodes", BARCODE],
  ["prices", { id: "p", itemId: "bread", price: "45.99", currency: "KES", effectiveFrom: "2026-01-16T10:00:00.000Z" }],
  ["settings", { id: "receiptFooter", value: "Asante sana" }],
];

export const DOCUMENTS: readonly unknown[] = [ORDER, TRANSACTION, SALE_EVENT, STOCK_EVENT];

/** Good requests for every route of the centre. A route that is not in here gets all of their bodies in turn. */
export const SERVER_EXAMPLES: Readonly<Record<string, readonly DoorExample[]>> = {
  "GET /health": [{}],
  "GET /health/live": [{}],
  "GET /health/ready": [{}],
  "GET /": [{}],
  "GET /light": [{}],
  "GET /pages/:file": [{ params: { file: "style.css" } }],
  "POST /api/sync/exchange": [{ body: exchangeExample() }],
  "POST /api/sync/batch": [
    { body: { deviceId: "device-1", orders: [ORDER], transactions: [TRANSACTION], lastSyncTimestamp: 0 } },
  ],
  "POST /api/sync/order": [{ body: ORDER }],
  "POST /api/sync/transaction": [{ body: TRANSACTION }],
  "GET /api/sync/updates": [{ query: { deviceId: "device-1", since: "0" } }],
  "POST /api/inventory/events": [
    { body: SALE_EVENT },
    { body: [STOCK_EVENT, SALE_EVENT] },
    { body: { events: [SALE_EVENT] } },
  ],
  "GET /api/sync/gateway": [{}, { query: { have: `items.organization.${CURSOR}` } }],
  "GET /api/sync/modules/:module": [
    { params: { module: "items" }, query: { scope: "organization", limit: "10", after: "apple" } },
    { params: { module: "prices" }, query: { scope: "store", since: CURSOR, after: "1.apple" } },
  ],
  "PUT /api/admin/modules/:module": [
    { params: { module: "items" }, query: { scope: "store" }, body: { rows: [ITEM, { id: "tea", deleted: true }] } },
    { params: { module: "itemBarcodes" }, body: { rows: [BARCODE] } },
  ],
  "GET /api/conflicts": [{ query: { state: "open", limit: "10", after: "17" } }],
  "GET /api/conflicts/:id": [{ params: { id: "17" } }],
  "POST /api/conflicts/:id/resolve": [
    { params: { id: "17" }, body: { keep: "mine", ...ACT } },
    { params: { id: "17" }, body: { keep: "merge", fields: ["total"], reason: "x" } },
  ],
  "GET /api/admin/overview": [{}],
  "GET /api/admin/totals": [{}],
  "GET /api/admin/terminals/:terminal/ledger": [
    {
      params: { terminal: "0198c0de-0000-7000-8000-000000000001" },
      query: { incarnation: "0123456789abcdef", fromSeq: "1", limit: "10" },
    },
  ],
  "GET /api/admin/terminals/:terminal/digests": [
    {
      params: { terminal: "0198c0de-0000-7000-8000-000000000001" },
      query: { incarnation: "0123456789abcdef", fromSeq: "1", toSeq: "10", size: "2" },
    },
  ],
  "POST /api/admin/terminals/:terminal/repair": [
    {
      params: { terminal: "0198c0de-0000-7000-8000-000000000001" },
      body: { incarnation: "0123456789abcdef", seqs: [1, 2] },
    },
  ],
  "GET /api/admin/find/:key": [{ params: { key: "order-17" } }],
  "GET /api/admin/orders/:localId": [{ params: { localId: "order-17" } }],
  "PUT /api/admin/orders/:localId": [{ params: { localId: "order-17" }, body: { order: ORDER.order, ...ACT } }],
  "DELETE /api/admin/orders/:localId": [
    { params: { localId: "order-17" }, body: ACT },
    { params: { localId: "order-17" }, query: ACT },
  ],
  "GET /api/admin/transactions/:localId": [{ params: { localId: "transaction-5" } }],
  "PUT /api/admin/transactions/:localId": [
    { params: { localId: "transaction-5" }, body: { transaction: TRANSACTION.transaction, ...ACT } },
  ],
  "DELETE /api/admin/transactions/:localId": [{ params: { localId: "transaction-5" }, query: ACT }],
};

/** Good requests for a route, known here or not. */
export function examplesOf(route: string): readonly DoorExample[] {
  return SERVER_EXAMPLES[route] ?? DOCUMENTS.map((body) => (route.startsWith("GET") ? {} : { body }));
}

/** An exchange of three changes, each a text of its own. */
export function exchangeExample(terminal = "0198c0de-0000-7000-8000-000000000001"): ExchangeRequest {
  const life = new SampleLife(terminal);
  life.add(sampleSale({ localId: "o-1" }, 1234));
  life.add(sampleEdit({ localId: "o-2" }, ["1", "2"]));
  life.addSales(1);
  const repair = [{ incarnation: life.incarnation, seq: 1, body: sampleSale({ localId: "o-9" }, 99) }];
  return { ...life.request(), repair };
}
