import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { temporaryFile } from "../import/testing/temporary-file.ts";
import { POSLOG } from "./namespaces.ts";
import { MAX_DEPTH, MAX_TRANSACTION_CHARS, readTransactions } from "./read-transactions.ts";

const OPEN = `<POSLog xmlns="${POSLOG}">`;

async function partsOf(content: string | Uint8Array) {
  const parts = [];
  for await (const part of readTransactions(await temporaryFile("log.xml", content))) parts.push(part);
  return parts;
}

const LAUGHS = `<!DOCTYPE POSLog [<!ENTITY a "ha"><!ENTITY b "${"&a;".repeat(10)}"><!ENTITY c "${"&b;".repeat(10)}">]>`;

describe("a file that is no POSLog to be trusted", () => {
  const HOSTILE: readonly [string, string | Uint8Array, RegExp][] = [
    ["billion laughs", `${LAUGHS}${OPEN}<Transaction>&c;</Transaction></POSLog>`, /a document type is not accepted/],
    [
      "an entity from outside",
      `<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>${OPEN}<Transaction>&x;</Transaction></POSLog>`,
      /a document type is not accepted/,
    ],
    [
      "a document type elsewhere",
      `<!DOCTYPE p SYSTEM "http://127.0.0.1/p.dtd">${OPEN}</POSLog>`,
      /a document type is not accepted/,
    ],
    [
      "an entity of HTML",
      `${OPEN}<Transaction>&nbsp;</Transaction></POSLog>`,
      /in Transaction: it is not well-formed: Invalid character entity/,
    ],
    [
      "a wrong closing tag",
      `${OPEN}<Transaction><A></B></Transaction></POSLog>`,
      /in A: it is not well-formed: Unexpected close tag/,
    ],
    ["an end in the middle", `${OPEN}<Transaction><A>`, /not well-formed: Unclosed root tag/],
    ["two roots", `${OPEN}</POSLog>${OPEN}</POSLog>`, /a second root element/],
    ["no root", "<!-- nothing -->", /it holds no POSLog/],
    ["another root", "<html></html>", /its root must be POSLog .* got html in ""/],
    ["no namespace", "<POSLog></POSLog>", /its root must be POSLog/],
    [
      "a prefix that nobody declared",
      `${OPEN}<Transaction><x:A/></Transaction></POSLog>`,
      /Unbound namespace prefix: "x:A"/,
    ],
    ["one attribute twice", `${OPEN}<Transaction a="1" a="2"/></POSLog>`, /attribute a stands there twice/],
    [
      "one attribute under two prefixes",
      `<POSLog xmlns="${POSLOG}" xmlns:p="urn:x" xmlns:q="urn:x"><Transaction p:a="1" q:a="2"/></POSLog>`,
      /attribute q:a stands there twice/,
    ],
    [
      "a NUL by number",
      `${OPEN}<Transaction>&#0;</Transaction></POSLog>`,
      /(not well-formed|a character that XML does not allow)/,
    ],
    ["a control character", `${OPEN}<Transaction>\u0007</Transaction></POSLog>`, /a character that XML does not allow/],
    [
      "half a character by number",
      `${OPEN}<Transaction a="&#xD800;"/></POSLog>`,
      /(not well-formed|a character that XML does not allow)/,
    ],
    [
      "another encoding",
      `<?xml version="1.0" encoding="ISO-8859-1"?>${OPEN}</POSLog>`,
      /its encoding must be UTF-8; got ISO-8859-1/,
    ],
    [
      "bytes that are no UTF-8",
      Buffer.from(`${OPEN}<Transaction>\xe9</Transaction></POSLog>`, "latin1"),
      /must be UTF-8 text/,
    ],
    ["elements without end", `${OPEN}<Transaction>${"<a>".repeat(MAX_DEPTH)}`, /elements lie more than 64 deep/],
    [
      "attributes without end",
      `${OPEN}<Transaction ${Array.from({ length: 65 }, (_, at) => `a${at}=""`).join(" ")}/></POSLog>`,
      /more than 64 attributes/,
    ],
    ["a damaged packing", gzipSync(`${OPEN}</POSLog>`).subarray(0, 20), /it ends in the middle of its gzip packing/],
  ];

  it.each(HOSTILE)("is refused: %s", async (_what, content, message) => {
    const refused = expect(partsOf(content)).rejects;
    await refused.toThrow(message);
    await refused.toMatchObject({ name: "SyncError" });
  });

  it("is refused before a transaction without end fills the memory", async () => {
    const bytes = Buffer.alloc(MAX_TRANSACTION_CHARS + 1024, "x");
    const bomb = gzipSync(Buffer.concat([Buffer.from(`${OPEN}<Transaction>`), bytes]));
    expect(bomb.length).toBeLessThan(32 * 1024);
    await expect(partsOf(bomb)).rejects.toMatchObject({ code: "TOO_LARGE" });
  });

  it("is refused with the place where it stands", async () => {
    await expect(partsOf(`${OPEN}\n<Transaction>\n  <A>&what;</A></Transaction></POSLog>`)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      details: { field: "A", line: 3, column: 12 },
    });
    const inSecond = `${OPEN}<Transaction/><Transaction><SequenceNumber>114</SequenceNumber><A><B></A></Transaction></POSLog>`;
    await expect(partsOf(inSecond)).rejects.toThrow("in A/B of transaction 114: it is not well-formed");
  });
});

it("gives transactions one by one, whatever is between them, with names free of prefixes", async () => {
  const text = `\ufeff<?xml version="1.0"?><p:POSLog xmlns:p="${POSLOG}" MajorVersion="2"><!-- hello --><p:Transaction p:a="1" b="&lt;2&gt;"><p:A>x<![CDATA[<y>]]>z</p:A></p:Transaction><p:Batch/></p:POSLog>`;
  const parts = await partsOf(text);
  expect(parts.map((part) => (part.type === "remark" ? part.name : part.element.name))).toEqual([
    "POSLog/@MajorVersion",
    "comment()",
    "Transaction",
    "Batch",
  ]);
  const transaction = parts[2]?.type === "element" ? parts[2].element : undefined;
  expect(transaction?.child("A")?.text).toBe("x<y>z");
  expect([transaction?.attribute("a"), transaction?.attribute("b")]).toEqual(["1", "<2>"]);
});

it("reads a character that lies across two pieces of the file", async () => {
  const text = "é".repeat(200_000);
  const [part] = await partsOf(`${OPEN}<Transaction>x${text}</Transaction></POSLog>`);
  expect(part?.type === "element" && part.element.text).toBe(`x${text}`);
});

it("bounds a transaction, not the file", async () => {
  const transaction = `<Transaction><A>${"x".repeat(MAX_TRANSACTION_CHARS / 2)}</A></Transaction>`;
  expect(await partsOf(`${OPEN}${transaction.repeat(3)}</POSLog>`)).toHaveLength(3);
});
