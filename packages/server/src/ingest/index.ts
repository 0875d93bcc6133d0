export { type Cursor, feedReset, formatCursor, parseCursor } from "./cursor.ts";
export { exchange } from "./exchange.ts";
export { type FeedReader, feedPage, type OpenChange } from "./feed-down.ts";
export type { Slice, Told } from "./feed-others.ts";
export type { FeedRow as FeedRowRead } from "./feed-page.ts";
export { canFollow, collapse, type Identity, identityOfBody, type Reading, read } from "./interpret.ts";
export { type Placement, place } from "./place.ts";
export {
  type DocumentRow,
  type DocumentState,
  type EntityKey,
  entityKey,
  type FeedPage,
  type FeedWish,
  type ForkedRow,
  type IngestStore,
  type IngestTransaction,
  type JointTransaction,
  type LifeStanding,
  type Mark,
  type PendingChange,
  type Run,
  type Scope,
  type Standing,
  type StoredChange,
  type StoredEffect,
  type TerminalLife,
  type WholeBatch,
} from "./ports.ts";
export { postgresIngest } from "./postgres.ts";
export type { ExchangeContext } from "./prepare.ts";
export { runsOf } from "./runs.ts";
export { type Outcome, type Submission, submit } from "./submit.ts";
export { interpretPending } from "./sweep.ts";
export { exchangeTogether, mayShare } from "./together.ts";
