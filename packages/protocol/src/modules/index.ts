export { formatModuleCursor, type ModulePosition, moduleReset, parseModuleCursor } from "./cursor.ts";
export { BARCODE_FLAGS, type BarcodeFlag, checkDigit, type ReadBarcode, readGtin } from "./gtin.ts";
export { EMPTY_MODULE_HASH, ModuleHash } from "./module-hash.ts";
export {
  isModule,
  MODULE_ORDER,
  MODULES,
  type Module,
  type ModuleName,
  pullOrder,
  type RowOf,
  SCOPES,
  type Scope,
} from "./modules.ts";
export {
  isTombstone,
  type RowChange,
  type RowText,
  readRow,
  readRowChange,
  rowHash,
  tombstoneText,
} from "./row-text.ts";
export { rowId } from "./rows.ts";
export {
  formatHave,
  type GatewayAnswer,
  type GatewayModule,
  gatewayAnswer,
  gatewayModule,
  type Have,
  moduleCursor,
  type PageHeader,
  pageHeader,
  parseHave,
} from "./wire.ts";
