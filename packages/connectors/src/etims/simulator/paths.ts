import type { EtimsSettings } from "./settings.ts";

type Wire = EtimsSettings["wire"];

/** Paths of each operation, by wire. The first one is the usual one. */
export const PATHS = {
  token: { direct: [], gateway: ["/v1/token/generate"], vscu: [] },
  initialise: {
    direct: ["/selectInitOsdcInfo"],
    gateway: ["/initialize"],
    vscu: ["/initializer/selectInitInfo", "/selectInitOsdcInfo"],
  },
  codes: { direct: ["/selectCodeList"], gateway: ["/selectCodeList"], vscu: ["/code/selectCodes"] },
  itemClasses: {
    direct: ["/selectItemClsList"],
    gateway: ["/selectItemClass"],
    vscu: ["/itemClass/selectItemsClass"],
  },
  saveItem: { direct: ["/saveItem"], gateway: ["/saveItem"], vscu: ["/items/saveItems"] },
  items: { direct: ["/selectItemList"], gateway: ["/itemInfo"], vscu: ["/items/selectItems"] },
  saveComposition: {
    direct: ["/saveItemComposition"],
    gateway: ["/saveItemComposition"],
    vscu: ["/items/saveItemComposition"],
  },
  branches: {
    direct: ["/selectBhfList"],
    gateway: ["/branchList", "/selectBhfList"],
    vscu: ["/branches/selectBranches"],
  },
  customer: {
    direct: ["/selectCustomer"],
    gateway: ["/customerPinInfo", "/selectCustomerList"],
    vscu: ["/customers/selectCustomer"],
  },
  notices: { direct: ["/selectNoticeList"], gateway: ["/selectNoticeList"], vscu: ["/notices/selectNotices"] },
  imports: {
    direct: ["/selectImportItemList"],
    gateway: ["/selectImportItemList"],
    vscu: ["/imports/selectImportItems"],
  },
  updateImport: { direct: ["/updateImportItem"], gateway: ["/updateImportItem"], vscu: ["/imports/updateImportItems"] },
  purchases: {
    direct: ["/selectTrnsPurchaseSalesList"],
    gateway: ["/getPurchaseTransactionInfo"],
    vscu: ["/trnsPurchase/selectTrnsPurchaseSales"],
  },
  savePurchase: {
    direct: ["/insertTrnsPurchase"],
    gateway: ["/sendPurchaseTransactionInfo"],
    vscu: ["/trnsPurchase/savePurchases"],
  },
  moveStock: { direct: ["/insertStockIO"], gateway: ["/insert/stockIO"], vscu: ["/stock/saveStockItems"] },
  saveStock: { direct: ["/saveStockMaster"], gateway: ["/save/stockMaster"], vscu: ["/stockMaster/saveStockMaster"] },
  stockMoves: {
    direct: ["/selectStockMoveList"],
    gateway: ["/selectStockMoveLists"],
    vscu: ["/stock/selectStockItems"],
  },
  sale: { direct: ["/saveTrnsSalesOsdc"], gateway: ["/sendSalesTransaction"], vscu: ["/trnsSales/saveSales"] },
  signSale: { direct: [], gateway: [], vscu: ["/trnsSales/saveInvoice"] },
  invoice: {
    direct: ["/selectInvoiceDetails"],
    gateway: ["/selectInvoiceDetail"],
    vscu: ["/trnsSales/selectInvoiceDetails"],
  },
  invoices: {
    direct: ["/selectTrnsSalesList"],
    gateway: ["/selectSalesTransactions"],
    vscu: ["/trnsSales/selectSales"],
  },
} as const satisfies Record<string, Readonly<Record<Wire, readonly string[]>>>;

export type Operation = keyof typeof PATHS;

/** KRA's guide has the direct host with and without its first folder; clients do both. */
const PREFIXES = /^\/(etims-api|etims-oscu\/api\/v1)(?=\/)/;

export function operationAt(path: string, wire: Wire): Operation | undefined {
  const bare = path.replace(PREFIXES, "");
  const names = Object.keys(PATHS) as Operation[];
  return names.find((name) => (PATHS[name][wire] as readonly string[]).includes(bare));
}
