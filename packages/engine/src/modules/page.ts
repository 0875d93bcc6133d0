import { type GatewayModule, gatewayAnswer, type PageHeader, pageHeader, parseAs, SyncError } from "@tillsync/protocol";
import type { Lines } from "../ports.ts";
import type { CopyName } from "./copy.ts";
import type { Row } from "./keys.ts";

/** One page of a module: its header, and the rows as their lines, made as they are read. */
export interface Page {
  readonly header: PageHeader;
  readonly rows: () => Iterator<string>;
  /** It is applied. */
  readonly free: () => void;
}

/** A row of a page; `text` null is a tombstone. */
export interface PageRow {
  readonly id: string;
  readonly text: string | null;
  readonly row: Row | null;
}

/**
 * Reads a page. What belongs to another question is no answer.
 *
 * @throws SyncError NOT_AN_ANSWER
 */
export function readPage(lines: Lines, asked: CopyName & { readonly kind: PageHeader["kind"] }): Page {
  const header = parseAs(pageHeader, json(lines.read().next().value), "NOT_AN_ANSWER");
  const { module, scope, kind } = asked;
  if (header.module !== module || header.scope !== scope || header.kind !== kind)
    throw notAPage(`it is about ${header.kind} of ${header.module}, ${header.scope}`);
  const rows = () => {
    const each = lines.read();
    each.next();
    return each;
  };
  if (header.next !== null && rows().next().done) throw notAPage("it has no rows and says that more follow");
  return { header, rows, free: () => lines.free?.() };
}

/** @throws SyncError NOT_AN_ANSWER for a line that is no row */
export function readLine(line: string): PageRow {
  const row = json(line);
  if (typeof row !== "object" || row === null || !("id" in row) || typeof row.id !== "string")
    throw notAPage("a line of it is no row");
  return "deleted" in row
    ? { id: row.id, text: null, row: null }
    : { id: row.id, text: line, row: row as unknown as Row };
}

/** @throws SyncError NOT_AN_ANSWER */
export function readGateway(lines: Lines): readonly GatewayModule[] {
  return parseAs(gatewayAnswer, json([...lines.read()].join("\n")), "NOT_AN_ANSWER").modules;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notAPage("it is no JSON");
  }
}

function notAPage(why: string): SyncError {
  return new SyncError("NOT_AN_ANSWER", `What came in place of a page of reference data is none: ${why}.`);
}
