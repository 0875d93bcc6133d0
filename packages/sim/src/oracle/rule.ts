import { said } from "./bytes.ts";

/** A version of a document, as far as it decides what may come after it. */
export interface Version {
  readonly kind: string;
  readonly version: number;
  /** Hash of the content of a document that came whole; null for what our tills write. */
  readonly content: string | null;
  /** Whose change it is. */
  readonly terminal: string;
}

export function versionOf(body: string, terminal: string): Version {
  const { kind, version, contentHash } = said(body);
  return { kind: kind ?? "", version: version ?? 0, content: contentHash, terminal };
}

export function isDeletion({ kind }: Version): boolean {
  return kind === "order.deleted" || kind === "order.withdrawn" || kind === "transaction.withdrawn";
}

/** Of tills' changes only these leave their document open to more. */
const OPEN: ReadonlySet<string> = new Set(["order.edited", "customer.edited", "shift.opened", "exception.retried"]);

/**
 * The rules of design section 2 and requirement 004, written a second time from their words: the oracle must not believe
 * the code that it judges.
 */
export function mayComeAfter(standing: Version | undefined, next: Version): boolean {
  if (standing === undefined) return true;
  const isWhole = standing.content !== null;
  // Tills do not change what came whole, and what came whole changes nothing of a till's.
  if (isWhole !== (next.content !== null)) return false;
  if (isWhole) return !isDeletion(standing) && next.version > standing.version;
  if (OPEN.has(standing.kind)) return true;
  // Money that was taken counts, if whoever took it could not know that the order had been given up.
  return isDeletion(standing) && next.kind === "order.closed" && next.terminal !== standing.terminal;
}

/** 004: "already in sync, do nothing". Whoever sends what stands is told that it is there, under whichever version. */
export function isInSync(standing: Version | undefined, next: Version): boolean {
  if (standing === undefined || standing.content === null || next.content === null) return false;
  if (isDeletion(standing) || isDeletion(next)) return isDeletion(standing) && isDeletion(next);
  return standing.content === next.content;
}

/** The name that 004's table has for it when `next`, which came whole, may not come after `standing`. */
export function conflictName(standing: Version, next: Version): string {
  if (isDeletion(standing)) return "DELETED_ITEM";
  if (standing.content === null) return "CONCURRENT_MODIFICATION";
  if (next.version < standing.version) return "VERSION_MISMATCH";
  return standing.terminal === next.terminal ? "HASH_MISMATCH" : "CONCURRENT_MODIFICATION";
}
