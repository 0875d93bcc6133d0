export const ETIMS_MODES = ["oscu-direct", "oscu-gateway", "vscu"] as const;

/** Which unit, and which wire to it. */
export type EtimsMode = (typeof ETIMS_MODES)[number];

/** The usual path of each operation that we call, by mode. A setting overrules it. */
export const PATHS = {
  initialise: {
    "oscu-direct": "/selectInitOsdcInfo",
    "oscu-gateway": "/initialize",
    vscu: "/initializer/selectInitInfo",
  },
  codes: { "oscu-direct": "/selectCodeList", "oscu-gateway": "/selectCodeList", vscu: "/code/selectCodes" },
  itemClasses: {
    "oscu-direct": "/selectItemClsList",
    "oscu-gateway": "/selectItemClass",
    vscu: "/itemClass/selectItemsClass",
  },
  saveItem: { "oscu-direct": "/saveItem", "oscu-gateway": "/saveItem", vscu: "/items/saveItems" },
  items: { "oscu-direct": "/selectItemList", "oscu-gateway": "/itemInfo", vscu: "/items/selectItems" },
  moveStock: { "oscu-direct": "/insertStockIO", "oscu-gateway": "/insert/stockIO", vscu: "/stock/saveStockItems" },
  saveStock: {
    "oscu-direct": "/saveStockMaster",
    "oscu-gateway": "/save/stockMaster",
    vscu: "/stockMaster/saveStockMaster",
  },
  stockMoves: {
    "oscu-direct": "/selectStockMoveList",
    "oscu-gateway": "/selectStockMoveLists",
    vscu: "/stock/selectStockItems",
  },
  sale: { "oscu-direct": "/saveTrnsSalesOsdc", "oscu-gateway": "/sendSalesTransaction", vscu: "/trnsSales/saveSales" },
  invoice: {
    "oscu-direct": "/selectInvoiceDetails",
    "oscu-gateway": "/selectInvoiceDetail",
    vscu: "/trnsSales/selectInvoiceDetails",
  },
  invoices: {
    "oscu-direct": "/selectTrnsSalesList",
    "oscu-gateway": "/selectSalesTransactions",
    vscu: "/trnsSales/selectSales",
  },
} as const satisfies Record<string, Readonly<Record<EtimsMode, string>>>;

export type EtimsOperation = keyof typeof PATHS;

interface Place {
  readonly mode: EtimsMode;
  readonly baseUrl: string;
  readonly paths?: { readonly [operation in EtimsOperation]?: string | undefined } | undefined;
}

/** Where an operation is done. */
export function urlOf({ mode, baseUrl, paths }: Place, operation: EtimsOperation): string {
  return `${baseUrl.replace(/\/+$/, "")}${paths?.[operation] ?? PATHS[operation][mode]}`;
}
