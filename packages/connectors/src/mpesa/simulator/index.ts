export { countPayments, doubleCharges, type MpesaCounts } from "./counts.ts";
export { ERRORS, type ErrorName } from "./errors.ts";
export { MPESA_FAULTS } from "./faults.ts";
export { MPESA_PATHS, mpesaMachine } from "./mpesa-machine.ts";
export { PUSH_RESULTS, type PushResult, STATUS_RESULTS, type StatusResult } from "./result-codes.ts";
export { DEFAULT_MPESA_SETTINGS, type MpesaSettings, mpesaSettings } from "./settings.ts";
export { startMpesaSimulator } from "./start.ts";
export type { MpesaState } from "./state.ts";
