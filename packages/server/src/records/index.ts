/** What decides about shared records, without a database. */
export { editOf, RecordDesk, type StoredEdit } from "./desk.ts";
export type { Lost } from "./lost.ts";
export type { StandingRow } from "./ports.ts";
export { adopt, type StoredState } from "./state.ts";
