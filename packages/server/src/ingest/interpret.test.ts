import { CENTRAL_KINDS, CENTRAL_LIFE, type PAYLOADS, privateHash } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { sha256 } from "../ledger/sha256.ts";
import { APPLY_POISONS, HARMLESS, UNREADABLE_POISONS } from "../testing/poisons.ts";
import { sampleBody, sampleChangeId, sampleEdit, sampleSale } from "../testing/sample-life.ts";
import { canFollow, collapse, type Reading, read } from "./interpret.ts";
import type { DocumentRow, DocumentState, Standing } from "./ports.ts";

function reading(body: string, secret: string | null = null, damaged = false): Reading {
  const incarnation = CENTRAL_KINDS.has(kindOf(body)) ? CENTRAL_LIFE : "0123456789abcdef";
  return read({ incarnation, seq: 9, body, private: secret, damaged }, sha256);
}

function kindOf(body: string): string {
  return /"kind":"([a-z.]+)"/.exec(body)?.[1] ?? "";
}

function documentOf(body: string): DocumentRow {
  const result = reading(body);
  if (!result.ok) throw new Error(result.message);
  return result.document;
}

const ID = { localId: "x-1" };
const HASH = "ab".repeat(32);
const SUBMITTED = {
  device: "device-abc-123",
  content: '{"total":45.99}',
  contentHash: HASH,
  currency: "KES",
  totalMinor: 4599,
};
const WITHDRAWN = { actor: "Grace", reason: "entered twice" };
const ENDED = { reason: "guests left" };
const FACTS: Readonly<Record<keyof typeof PAYLOADS, readonly [payload: object, row: Partial<DocumentRow>]>> = {
  "order.closed": [
    JSON.parse(sampleSale(ID, 700, { reference: "R7" })).payload,
    {
      state: "closed",
      documentType: "sale",
      receiptNumber: "T01-20260116-00001",
      reference: "R7",
      currency: "KES",
      totalMinor: 700,
    },
  ],
  "order.edited": [JSON.parse(sampleEdit(ID, ["T01.1"])).payload, { state: "open", currency: "KES", totalMinor: null }],
  "order.voided": [ENDED, { state: "voided", currency: null }],
  "order.deleted": [ENDED, { state: "deleted" }],
  "transaction.recorded": [
    { type: "paid-out", currency: "KES", amountMinor: -500, reference: "P1" },
    { state: "recorded", documentType: "paid-out", reference: "P1", currency: "KES", totalMinor: -500 },
  ],
  "inventory.updated": [
    { item: "bread", delta: "-2", type: "waste" },
    { state: "recorded", documentType: "waste", reference: null, totalMinor: null },
  ],
  "customer.edited": [
    { fields: ["phone"], clockOffsetMs: -40 },
    { state: "open", currency: null, totalMinor: null },
  ],
  "shift.opened": [
    { operator: "Amina", currency: "KES" },
    { state: "open", currency: "KES" },
  ],
  "shift.closed": [{ openSeq: 1, closeSeq: 8, chainHead: HASH, counts: {}, totals: [] }, { state: "closed" }],
  "exception.retried": [{ incarnation: "0123456789abcdef", seq: 7 }, { state: "open" }],
  "exception.discarded": [
    { incarnation: "0123456789abcdef", seq: 7, operator: "Amina", reason: "entered twice" },
    { state: "closed" },
  ],
  "terminal.reborn": [
    { parent: "0123456789abcdef", parentSeq: 3, parentHash: HASH, reason: "restored" },
    { state: "recorded" },
  ],
  "order.submitted": [
    { ...SUBMITTED, number: "ORD-7" },
    { state: "closed", receiptNumber: "ORD-7", reference: null, currency: "KES", totalMinor: 4599, contentHash: HASH },
  ],
  "transaction.submitted": [
    { ...SUBMITTED, number: "REF-7", type: "Sale" },
    { state: "recorded", documentType: "Sale", receiptNumber: null, reference: "REF-7", contentHash: HASH },
  ],
  "inventory.submitted": [
    { ...SUBMITTED, item: "bread", stockDelta: "-2" },
    { state: "recorded", contentHash: HASH },
  ],
  "order.withdrawn": [
    { ...WITHDRAWN, contentHash: HASH },
    { state: "deleted", contentHash: HASH },
  ],
  "transaction.withdrawn": [WITHDRAWN, { state: "deleted", contentHash: null }],
};

describe("read", () => {
  it.each(Object.entries(FACTS))("%s becomes the row of its entity", (kind, [payload, row]) => {
    const entity = kind.slice(0, kind.indexOf("."));
    const known = { entity, localId: "x-1", version: 1, businessDate: "2026-01-16", shiftId: null, seq: 9 };
    expect(documentOf(sampleBody(kind, ID, payload))).toMatchObject({ ...known, ...row });
  });

  it.each(UNREADABLE_POISONS)("parks $name as $code", ({ wire, code, isNamed }) => {
    const { body, private: secret } = wire({ localId: "x-1", changeId: sampleChangeId("x") });
    const result = reading(body, secret ?? null);
    const known = isNamed ? { changeId: sampleChangeId("x"), localId: "x-1" } : { changeId: null, localId: null };
    expect(result).toMatchObject({ ok: false, code, identity: known });
    if (!result.ok) expect(result.message).toMatch(/^[^\p{Cc}]{1,301}$/u);
  });

  it.each([...APPLY_POISONS, ...HARMLESS])("takes $name: nothing in the bytes is against it", ({ wire }) => {
    expect(reading(wire(ID).body)).toMatchObject({ ok: true, document: { localId: "x-1" } });
  });

  it("parks what its till calls damaged, even when the bytes look fine, and keeps what can be read of its name", () => {
    const changeId = sampleChangeId("x");
    const result = reading(sampleSale({ ...ID, changeId }, 5), null, true);
    const identity = { changeId, kind: "order.closed", localId: "x-1" };
    expect(result).toMatchObject({ ok: false, code: "BODY_DAMAGED", identity });
    expect(reading("{", null, true)).toMatchObject({ identity: { changeId: null, kind: null, localId: null } });
  });

  it("takes a private part that fits its hash, and misses none that was erased", () => {
    const secret = '{"fields":{"name":"Wanjiku"},"salt":"00"}';
    const body = sampleSale({ ...ID, private: privateHash(sha256, secret) }, 5);
    expect(reading(body, secret)).toMatchObject({ ok: true });
    expect(reading(body, null)).toMatchObject({ ok: true });
    expect(reading(sampleSale(ID, 5), secret)).toMatchObject({ ok: false, code: "PRIVATE_MISMATCH" });
  });

  it.each([
    ["changeId", "x'; --"],
    ["kind", "a\u0000b"],
    ["localId", "no spaces"],
    ["localId", 7],
  ])("takes no %s that cannot be stored as one: %j", (field, value) => {
    const names = { changeId: sampleChangeId("x"), kind: "order.closed", localId: "x-1" };
    const result = reading(`${JSON.stringify({ ...names, [field]: value })} `);
    expect(result).toMatchObject({ ok: false, identity: { ...names, [field]: null } });
  });
});

describe("canFollow", () => {
  const TILL = "till";
  const next = (row: Partial<DocumentRow>) => ({ state: "closed" as const, version: 2, contentHash: null, ...row });

  it.each<[DocumentState | undefined, boolean]>([
    [undefined, true],
    ["open", true],
    ["closed", false],
    ["voided", false],
    ["deleted", false],
    ["recorded", false],
  ])("a change of a till after %s: %s", (state, expected) => {
    const standing = state && { state, version: 1, contentHash: null, terminal: TILL };
    expect(canFollow(standing, next({}), TILL)).toBe(expected);
  });

  it("a sale follows a deletion that its till had not heard of, and nothing else does", () => {
    const deleted: Standing = { state: "deleted", version: 1, contentHash: null, terminal: "head office" };
    expect(canFollow(deleted, next({}), TILL)).toBe(true);
    expect(canFollow(deleted, next({ state: "open" }), TILL)).toBe(false);
    expect(canFollow({ ...deleted, contentHash: HASH }, next({}), TILL)).toBe(false);
    expect(canFollow({ ...deleted, terminal: TILL }, next({}), TILL)).toBe(false);
  });

  it.each<[string, Partial<Standing>, number, boolean]>([
    ["a lower version", {}, 6, true],
    ["the same version", {}, 5, false],
    ["a higher version", {}, 4, false],
    ["a deleted document", { state: "deleted" }, 6, false],
    ["an open order of a till", { state: "open", contentHash: null }, 6, false],
    ["a closed order of a till", { contentHash: null }, 6, false],
  ])("a whole document over %s: %#", (_name, standing, version, expected) => {
    const standsNow: Standing = { state: "closed", version: 5, contentHash: HASH, terminal: "a", ...standing };
    for (const terminal of ["a", "b"])
      expect(canFollow(standsNow, next({ version, contentHash: "cd".repeat(32) }), terminal)).toBe(expected);
  });
});

describe("collapse", () => {
  const edit = (localId: string, version: number, ...events: string[]) =>
    documentOf(sampleEdit({ localId, version }, events));

  it("keeps one row per entity, the last, with all its events in their order", () => {
    const rows = collapse(
      [
        edit("b", 1, "T01.1"),
        edit("a", 1),
        edit("b", 2, "T01.2", "T01.3"),
        documentOf(sampleSale({ localId: "b", version: 3 }, 600)),
      ],
      "t",
    );
    expect(rows).toMatchObject([
      { localId: "a", state: "open" },
      { localId: "b", state: "closed", version: 3, totalMinor: 600 },
    ]);
    expect(rows[1]?.events.map(({ id }) => id)).toEqual(["T01.1", "T01.2", "T01.3"]);
  });

  it("keeps the currency that an end of an order does not name", () => {
    const voided = documentOf(sampleBody("order.voided", { localId: "a" }, ENDED));
    expect(collapse([edit("a", 1), voided], "t")).toMatchObject([{ state: "voided", currency: "KES" }]);
  });

  it("sorts by localId, as everybody locks: upper case, digits and prefixes too", () => {
    const ids = ["b", "a-1", "a", "a.1", "B", "1", "a:1", "_"];
    expect(
      collapse(
        ids.map((id) => edit(id, 1)),
        "t",
      ).map(({ localId }) => localId),
    ).toEqual(ids.toSorted());
  });

  it("keeps entities of one name apart", () => {
    const payload = { type: "paid-in", currency: "KES", amountMinor: 5 };
    const rows = collapse(
      [edit("a", 1), documentOf(sampleBody("transaction.recorded", { localId: "a" }, payload))],
      "t",
    );
    expect(rows.map(({ entity }) => entity)).toEqual(["order", "transaction"]);
  });

  it.each([
    ["an edit", () => sampleEdit({ localId: "a", version: 2 }, ["T01.9"])],
    ["another end", () => sampleSale({ localId: "a", version: 2 }, 1)],
  ])("refuses %s after the end: as a set it would take the end back", (_name, later) => {
    const ended = documentOf(sampleSale({ localId: "a" }, 700));
    expect(() => collapse([ended, documentOf(later())], "t")).toThrow(
      expect.objectContaining({ code: "ALREADY_CLOSED" }),
    );
  });
});
