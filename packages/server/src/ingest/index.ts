export { type Cursor, feedReset, formatCursor, parseCursor } from "./cursor.ts";
export { type ExchangeContext, exchange } from "./exchange.ts";
export { canFollow, collapse, type Identity, identityOfBody, type Reading, read } from "./interpret.ts";
export { type Placement, place } from "./place.ts";
export type {
  DocumentRow,
  DocumentState,
  IngestStore,
  IngestTransaction,
  Mark,
  PendingChange,
  Run,
  Scope,
  StoredChange,
  TerminalLife,
} from "./ports.ts";
export { postgresIngest } from "./postgres.ts";
export { runsOf } from "./runs.ts";
export { interpretPending } from "./sweep.ts";
