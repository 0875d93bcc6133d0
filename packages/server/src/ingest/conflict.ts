import type { ErrorCode } from "@tillsync/protocol";
import type { DocumentRow, Standing, StoredChange } from "./ports.ts";

/** The conflict table of requirement 004, by its names; the server's version stands in each. */
export type ConflictCode = Extract<
  ErrorCode,
  "VERSION_MISMATCH" | "HASH_MISMATCH" | "CONCURRENT_MODIFICATION" | "DELETED_ITEM"
>;

const MESSAGES: Readonly<Record<ConflictCode, string>> = {
  VERSION_MISMATCH: "Conflict: server version is newer",
  HASH_MISMATCH: "Conflict: the server has this version with other content",
  CONCURRENT_MODIFICATION: "Conflict: somebody else changed this document",
  DELETED_ITEM: "Conflict: this document was deleted at the server",
};

/** Why a whole document cannot follow what stands. The sender's version is kept; the one that stands goes on standing. */
export function conflictOf(
  standing: Standing,
  next: Pick<DocumentRow, "version">,
  terminal: string,
): Pick<StoredChange, "effect" | "code" | "message"> {
  const code = codeOf(standing, next, terminal);
  return { effect: "conflict", code, message: MESSAGES[code] };
}

function codeOf(standing: Standing, next: Pick<DocumentRow, "version">, terminal: string): ConflictCode {
  if (standing.state === "deleted") return "DELETED_ITEM";
  // An order of our own tills changes on tills only: whoever sends it whole changes it beside them.
  if (standing.contentHash === null) return "CONCURRENT_MODIFICATION";
  if (next.version < standing.version) return "VERSION_MISMATCH";
  return standing.terminal === terminal ? "HASH_MISMATCH" : "CONCURRENT_MODIFICATION";
}

export function isConflictCode(code: string | null): code is ConflictCode {
  return code !== null && Object.hasOwn(MESSAGES, code);
}
