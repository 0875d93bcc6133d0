import { describe, expect, it } from "vitest";
import { seededDocuments } from "../seed.ts";
import { documentLine } from "./documents.ts";
import { readDocuments } from "./read-documents.ts";
import type { Refusal } from "./refusals.ts";
import { listOf, temporaryFile } from "./testing/temporary-file.ts";

const ORDER = {
  kind: "order",
  businessDate: "2026-01-16",
  localId: "o-1",
  currency: "KES",
  lines: [{ item: "bread", quantity: "2", unitPrice: "60.00" }],
  tenders: [{ type: "cash", amountMinor: 12_000 }],
};

it("reads back what was written, byte for byte", async () => {
  const documents = [
    ...seededDocuments({ seed: 7, orders: 60, transactions: 20, inventory: 20, startDate: "2026-01-16" }),
  ];
  const file = await temporaryFile(
    "sales.ndjson",
    documents.map((document) => `${documentLine(document)}\n`).join("\n"),
  );
  expect(await listOf(readDocuments({ file }))).toEqual(documents);
});

describe("a bad line", () => {
  const WRONG: readonly [string, string, string][] = [
    ["not JSON", "{oops", "the line must be one JSON object"],
    ["not an object", "[]", "(root)"],
    ["a kind that is none", JSON.stringify({ ...ORDER, kind: "sale" }), "kind"],
    ["a misspelt field", JSON.stringify({ ...ORDER, custmer: "x" }), 'Unrecognized key: "custmer"'],
    ["no localId", JSON.stringify({ ...ORDER, localId: undefined }), "localId"],
    ["no business date", JSON.stringify({ ...ORDER, businessDate: "16.01.2026" }), "businessDate"],
    [
      "a number where text belongs",
      JSON.stringify({ ...ORDER, lines: [{ item: "bread", quantity: 2, unitPrice: "60" }] }),
      "lines.0.quantity",
    ],
    [
      "a fraction of a cent",
      JSON.stringify({ ...ORDER, tenders: [{ type: "cash", amountMinor: 1.5 }] }),
      "tenders.0.amountMinor",
    ],
    [
      "tenders that do not add up",
      JSON.stringify({ ...ORDER, tenders: [] }),
      "tenders is 0 minor units, but the total is 12000",
    ],
    ["a lone surrogate", JSON.stringify({ ...ORDER, reference: "\ud800" }), "reference"],
  ];

  it.each(WRONG)("with %s is refused with its number and field", async (_, line, message) => {
    const file = await temporaryFile("sales.ndjson", `${JSON.stringify(ORDER)}\n\n${line}\n`);
    await expect(listOf(readDocuments({ file, format: "ndjson" }))).rejects.toThrow(
      "1 line cannot be imported. The first is line 3: ",
    );
    await expect(listOf(readDocuments({ file, format: "ndjson" }))).rejects.toThrow(message);
  });

  it("is left out and told once when the caller listens", async () => {
    const file = await temporaryFile(
      "sales.ndjson",
      [...WRONG.map(([, line]) => line), JSON.stringify(ORDER)].join("\n"),
    );
    const refusals: Refusal[] = [];
    const documents = await listOf(
      readDocuments({ file, format: "ndjson", onRefused: (refusal) => refusals.push(refusal) }),
    );
    expect(documents.map(({ draft }) => draft.localId)).toEqual(["o-1"]);
    expect(refusals.map(({ line }) => line)).toEqual(WRONG.map((_, index) => index + 1));
  });

  it("may also be one of bytes that are no text", async () => {
    const file = await temporaryFile(
      "sales.ndjson",
      Buffer.concat([Buffer.from('{"kind":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    );
    await expect(listOf(readDocuments({ file }))).rejects.toThrow(
      "line 1: the line must be UTF-8 text; got other bytes.",
    );
  });
});
