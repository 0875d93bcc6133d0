export { countInvoices, duplicatesOf, type EtimsCounts, gapsOf } from "./counts.ts";
export { etimsMachine } from "./etims-machine.ts";
export { ETIMS_FAULTS } from "./faults.ts";
export { type Operation, PATHS } from "./paths.ts";
export { RESULT_CODES, type ResultCode } from "./result-codes.ts";
export { DEFAULT_ETIMS_SETTINGS, type EtimsSettings, etimsSettings } from "./settings.ts";
export { startEtimsSimulator } from "./start.ts";
export { type EtimsState, FIRST_DEVICE } from "./state.ts";
