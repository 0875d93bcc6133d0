import {
  CENTRAL_KINDS,
  CENTRAL_LIFE,
  type ChangeBody,
  type ErrorCode,
  entityOf,
  type Kind,
  parseBody,
  privatePart,
  type Sha256,
  SyncError,
} from "@tillsync/protocol";
import { type DocumentRow, entityKey, type Standing } from "./ports.ts";

/** What the bytes of a change say, or why they say nothing the centre can use. */
export type Reading =
  | { readonly ok: true; readonly body: Essence; readonly document: DocumentRow }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly identity: Identity };

/**
 * What is still asked of a body once its document is known. Its lines, most of what a batch takes in memory, are let go:
 * kept until the batch is stored, each garbage collection on the way would have to move them.
 */
export type Essence = Pick<ChangeBody, "changeId" | "localId"> &
  (
    | { readonly kind: "order.closed"; readonly payload: { readonly receiptNumber: string } }
    | {
        readonly kind: "exception.retried" | "exception.discarded";
        readonly payload: { readonly decides: "retry" | "discard"; readonly incarnation: string; readonly seq: number };
      }
    | { readonly kind: Exclude<Kind, "order.closed" | "exception.retried" | "exception.discarded"> }
  );

/** As much of a change's identity as its bytes give, safe to store whatever they are. */
export interface Identity {
  readonly changeId: string | null;
  readonly kind: string | null;
  readonly localId: string | null;
}

const DAMAGED = "The till's own copy no longer fits its hash; it was stored as it came and is asked for again.";
const RETIRED =
  "The till retired these bytes once a backup of head office had them, and head office was put back to an older one: they are in the newer backup.";

/** Reads one change. Pure: the same bytes give the same reading, on the real centre and on the simulated one. */
export function read(
  change: { incarnation: string; seq: number; body: string; private: string | null; damaged: boolean },
  sha256: Sha256,
): Reading {
  if (change.damaged) {
    const message = change.body === "" ? RETIRED : DAMAGED;
    return { ok: false, code: "BODY_DAMAGED", message, identity: identityOf(change.body) };
  }
  try {
    const body = parseBody(change.body);
    if (CENTRAL_KINDS.has(body.kind) !== (change.incarnation === CENTRAL_LIFE)) {
      throw new SyncError("KIND_UNKNOWN", `Changes of kind "${body.kind}" do not come from here.`, { field: "kind" });
    }
    // One that is missing is no reason to hold a sale back: settlement asks for it.
    if (change.private !== null && privatePart(sha256, body.private, change.private) !== "whole") {
      throw new SyncError("PRIVATE_MISMATCH", "The private part does not fit the hash in its change.");
    }
    return { ok: true, body: essenceOf(body), document: documentOf(body, change.seq) };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return { ok: false, code: error.code, message: sentenceOf(error.message), identity: identityOf(change.body) };
  }
}

function essenceOf({ changeId, localId, kind, payload }: ChangeBody): Essence {
  switch (kind) {
    case "order.closed":
      return { changeId, localId, kind, payload: { receiptNumber: payload.receiptNumber } };
    case "exception.retried":
    case "exception.discarded": {
      const { incarnation, seq } = payload;
      const decides = kind === "exception.retried" ? "retry" : "discard";
      return { changeId, localId, kind, payload: { decides, incarnation, seq } };
    }
    default:
      return { changeId, localId, kind };
  }
}

/** Long enough for any sentence of ours with a name of a field in it. */
const MAX_MESSAGE_CHARACTERS = 300;

/**
 * A refusal may quote the bytes it refuses, such as the name of an unknown field: a NUL in it, which PostgreSQL's text
 * cannot hold, must not keep the change from being stored, and a megabyte must not travel in every answer.
 */
function sentenceOf(message: string): string {
  const plain = message.replace(/\p{Cc}/gu, "\ufffd");
  if (plain.length <= MAX_MESSAGE_CHARACTERS) return plain;
  return `${plain.slice(0, MAX_MESSAGE_CHARACTERS).toWellFormed()}…`;
}

export function identityOfBody({ changeId, kind, localId }: Essence): Identity {
  return { changeId, kind, localId };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KIND = /^[A-Za-z0-9._:-]{1,64}$/;

function identityOf(text: string): Identity {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null; // not JSON at all: stored without a name
  }
  const fields = value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
  const fitting = (field: unknown, pattern: RegExp) =>
    typeof field === "string" && pattern.test(field) ? field : null;
  return {
    changeId: fitting(fields.changeId, UUID),
    kind: fitting(fields.kind, KIND),
    localId: fitting(fields.localId, KIND),
  };
}

const NOTHING = {
  documentType: null,
  receiptNumber: null,
  reference: null,
  currency: null,
  totalMinor: null,
  contentHash: null,
  events: [],
};

/** The row of an entity after this change, seen by itself. */
function documentOf(body: ChangeBody, seq: number): DocumentRow {
  const { localId, version, businessDate, occurredAt, shiftId = null } = body;
  const row = { entity: entityOf(body.kind), localId, version, businessDate, occurredAt, shiftId, seq, ...NOTHING };
  switch (body.kind) {
    case "order.closed": {
      const { documentType, receiptNumber, reference = null, currency, totalMinor } = body.payload;
      return { ...row, state: "closed", documentType, receiptNumber, reference, currency, totalMinor };
    }
    case "order.edited":
      return { ...row, state: "open", currency: body.payload.currency, events: body.payload.events };
    case "order.voided":
      return { ...row, state: "voided" };
    case "order.deleted":
      return { ...row, state: "deleted" };
    case "transaction.recorded": {
      const { type, reference = null, currency, amountMinor } = body.payload;
      return { ...row, state: "recorded", documentType: type, reference, currency, totalMinor: amountMinor };
    }
    case "inventory.updated":
      return { ...row, state: "recorded", documentType: body.payload.type, reference: body.payload.reference ?? null };
    case "customer.edited":
      // Never final: what several tills write is merged field by field, behind this transaction (`records/`).
      return { ...row, state: "open" };
    case "shift.opened":
      return { ...row, state: "open", currency: body.payload.currency };
    case "shift.closed":
      return { ...row, state: "closed" };
    case "exception.retried":
      return { ...row, state: "open" };
    case "exception.discarded":
      return { ...row, state: "closed" };
    case "terminal.reborn":
      return { ...row, state: "recorded" };
    case "order.submitted": {
      const { type = null, number = null, currency, totalMinor = null, contentHash } = body.payload;
      return { ...row, state: "closed", documentType: type, receiptNumber: number, currency, totalMinor, contentHash };
    }
    case "transaction.submitted":
    case "inventory.submitted": {
      const { type = null, number = null, currency, totalMinor = null, contentHash } = body.payload;
      return { ...row, state: "recorded", documentType: type, reference: number, currency, totalMinor, contentHash };
    }
    case "order.withdrawn":
    case "transaction.withdrawn":
      return { ...row, state: "deleted", contentHash: body.payload.contentHash ?? null };
  }
}

/**
 * Whether `next`, a change of `terminal`, may follow what stands.
 *
 * An open order takes changes of our tills. Closed, voided, deleted and recorded are final for them: corrections are new
 * documents, so whatever comes for a final entity is a conflict, kept with its bytes. One exception: a till that took the
 * money before it heard that the order was given up elsewhere has made a sale, and the sale stands.
 *
 * A document that came whole from a device of somebody else's is replaced by a higher version of itself (004), until it
 * is deleted. The statement `UPSERT_DOCUMENTS` says the same in SQL.
 */
export function canFollow(
  standing: Standing | undefined,
  next: Pick<DocumentRow, "state" | "version" | "contentHash">,
  terminal: string,
): boolean {
  if (standing === undefined) return true;
  if (next.contentHash !== null)
    return standing.contentHash !== null && standing.state !== "deleted" && next.version > standing.version;
  if (standing.state === "open") return true;
  const paidBeforeItHeard = standing.state === "deleted" && standing.terminal !== terminal && next.state === "closed";
  return paidBeforeItHeard && standing.contentHash === null;
}

/** Equal content is in sync, whoever sent it and under whichever version (004: `clientHash == serverHash`). */
export function standsAlready(standing: Standing, next: Pick<DocumentRow, "state" | "contentHash">): boolean {
  if (standing.contentHash === null || next.contentHash === null) return false;
  if (next.state === "deleted") return standing.state === "deleted";
  return standing.state !== "deleted" && standing.contentHash === next.contentHash;
}

/**
 * One row per entity and all its events, from changes in seq order: what a set-based write wants. Sorted by localId, as
 * everybody locks them, so that no two writers wait for each other.
 *
 * @throws SyncError ALREADY_CLOSED when one follows what is final: one by one, the first of them counts
 */
export function collapse(documents: readonly DocumentRow[], terminal: string): DocumentRow[] {
  const rows = new Map<string, DocumentRow>();
  for (const document of documents) {
    const key = entityKey(document);
    const before = rows.get(key);
    if (before && !canFollow({ ...before, terminal }, document, terminal))
      throw new SyncError("ALREADY_CLOSED", "A change of this batch follows one that ended its document.");
    const currency = document.currency ?? before?.currency ?? null;
    rows.set(key, before ? { ...document, currency, events: [...before.events, ...document.events] } : document);
  }
  return [...rows.keys()].sort().flatMap((key) => rows.get(key) ?? []);
}
