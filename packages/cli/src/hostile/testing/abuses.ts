import { constants, createZstdCompress, gzipSync, zstdCompressSync } from "node:zlib";
import { exchangeExample } from "@tillsync/server/testing";
import { requestBytes } from "./raw-http.ts";

/** What somebody sends, and how it has to be refused. */
export interface Abuse {
  readonly what: string;
  readonly bytes: Buffer;
  /** 0: whatever the door says. */
  readonly status: number;
  readonly code: string;
  /** What the refusal has to name; absent where the whole connection is to blame. */
  readonly field?: string;
}

type Lines = readonly (readonly [string, string])[];

/** Ways of asking one route of one process. */
export interface Door {
  readonly host: string;
  readonly route: string;
  readonly key: string;
}

const MIB = 1024 * 1024;
const ONE_LIST_OF_MANY_OBJECTS = `[${'{"a":1},'.repeat(600_000)}1]`;

export function post(door: Door, body: Buffer | string, more: Lines = []): Buffer {
  const content = Buffer.from(body);
  return requestBytes(
    `${door.route} HTTP/1.1`,
    [...headersOf(door), ["content-length", String(content.length)], ...more],
    content,
  );
}

function headersOf({ host, key }: Door): Lines {
  return [
    ["host", host],
    ["authorization", `Bearer ${key}`],
    ["content-type", "application/json"],
  ];
}

/** Bodies that no reader of JSON may take, whichever door they come to. @param fill a good body with this in one place */
export function jsonAbuses(door: Door, fill: (json: string) => string, field: string): Abuse[] {
  const refused = (what: string, body: string, named = field): Abuse => {
    return { what, bytes: post(door, body), status: 400, code: "INVALID_JSON", field: named };
  };
  return [
    refused("200,000 levels of lists", `${"[".repeat(200_000)}${"]".repeat(200_000)}`, "body"),
    refused("200,000 levels of objects", '{"a":'.repeat(200_000), "body"),
    refused("the same name twice", '{"a":1,"a":2}', "body"),
    refused("the same name twice, one escaped", '{"a":1,"\\u0061":2}', "body"),
    refused("__proto__", '{"__proto__":{"polluted":1}}', "body"),
    refused("1001 names in one object", `{${Array.from({ length: 1001 }, (_, i) => `"${i}":1`).join(",")}}`, "body"),
    refused("NaN", fill("NaN"), "body"),
    refused("Infinity", fill("Infinity"), "body"),
    refused("-Infinity", fill("-Infinity"), "body"),
    refused("a number of a million digits", fill("9".repeat(1_000_000))),
    {
      ...refused("bytes that are no UTF-8", ""),
      bytes: post(door, Buffer.from([0x22, 0xff, 0xfe, 0x22])),
      field: "body",
    },
    {
      ...refused("a surrogate as bytes", ""),
      bytes: post(door, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])),
      field: "body",
    },
  ];
}

/** What HTTP itself is refused for. @param limit what the door reads of a body at most */
export function wireAbuses(door: Door, limit: number): Abuse[] {
  return [...brokenHttp(door), ...tooMuchHttp(door, limit)];
}

function brokenHttp(door: Door): Abuse[] {
  const line = `${door.route} HTTP/1.1`;
  const host = `host: ${door.host}`;
  const raw = (what: string, lines: string, body = "", field = "request"): Abuse => {
    const more = lines.split("; ").map((each) => each.split(": ") as [string, string]);
    const bytes = requestBytes(line, [...headersOf(door), ...more], body);
    return { what, bytes, status: 400, code: "INVALID_INPUT", field };
  };
  const text = (what: string, bytes: string, field = "request"): Abuse => {
    return { what, bytes: Buffer.from(bytes, "latin1"), status: 400, code: "INVALID_INPUT", field };
  };
  return [
    raw("both lengths (smuggling)", "content-length: 5; transfer-encoding: chunked", "0\r\n\r\n"),
    raw("two content-lengths (smuggling)", "content-length: 2; content-length: 3", "{} "),
    raw("not quite chunked (smuggling)", "transfer-encoding: xchunked", "0\r\n\r\n"),
    raw("chunked, then identity (smuggling)", "transfer-encoding: chunked, identity", "0\r\n\r\n"),
    raw("a negative content-length", "content-length: -1"),
    raw("a content-length that is no number", "content-length: 1e9"),
    raw("a chunk of 2^68 bytes", "transfer-encoding: chunked", "FFFFFFFFFFFFFFFFF\r\n"),
    raw("an Expect nobody understands", "expect: miracles; content-length: 2", "{}", "expect"),
    text("a header with space before its colon", `${line}\r\nhost : ${door.host}\r\n\r\n`),
    text("a folded header", `${line}\r\n${host}\r\nx: a\r\n b\r\n\r\n`),
    text("NUL in a header", `${line}\r\n${host}\r\nx: a\x00b\r\n\r\n`),
    text("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    text("the hello of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    text("HTTP/9.9", `GET /health HTTP/9.9\r\n${host}\r\n\r\n`),
    text("CONNECT", "CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n", "method"),
    text("no host", "GET /health HTTP/1.1\r\n\r\n", "host"),
  ];
}

function tooMuchHttp(door: Door, limit: number): Abuse[] {
  const line = `${door.route} HTTP/1.1`;
  const large = (what: string, field: string, lines: Lines, body: Buffer | string = ""): Abuse => {
    const bytes = requestBytes(line, [...headersOf(door), ...lines], body);
    return { what, bytes, status: 413, code: "TOO_LARGE", field };
  };
  const manyHeaders = Array.from({ length: 150 }, (_, index) => [`x-${index}`, "1"] as const);
  const chunked = ["transfer-encoding", "chunked"] as const;
  const extension = `2;${"x".repeat(40_000)}\r\n{}\r\n0\r\n\r\n`;
  const address = requestBytes(`GET /api/x?${"y".repeat(5000)} HTTP/1.1`, [["host", door.host]]);
  return [
    // 431 at the centre, 413 at the till.
    { ...large("a header of 20 KB", "headers", [["x", "y".repeat(20_000)]]), status: 0 },
    large("150 headers", "headers", manyHeaders),
    { ...large("an address of 5 KB", "url", []), bytes: address },
    large("a chunk extension of 40 KB", "body", [chunked], extension),
    large("the promise of a body of 1 TB", "body", [["content-length", "1099511627776"]]),
    large("a body without end, chunk by chunk", "body", [chunked], endlessChunks(limit + MIB)),
  ];
}

/** What only the centre's own door reads: packed bodies, and exchanges. */
export async function centreAbuses(door: Door, terminal: string): Promise<Abuse[]> {
  const packed = (what: string, encoding: string, body: Buffer, rest: Partial<Abuse> = {}): Abuse => {
    const bytes = post(door, body, [["content-encoding", encoding]]);
    return { what, bytes, status: 413, code: "TOO_LARGE", field: "body", ...rest };
  };
  const example = exchangeExample(terminal);
  const [first] = example.changes;
  const refused = (what: string, body: object | string, field: string, code = "INVALID_INPUT"): Abuse => {
    return {
      what,
      bytes: post(door, typeof body === "string" ? body : JSON.stringify(body)),
      status: 400,
      code,
      field,
    };
  };
  const zeros = Buffer.alloc(200 * MIB);
  const text = JSON.stringify(example);
  return [
    packed("200 MB of zeros as gzip", "gzip", gzipSync(zeros)),
    packed("200 MB of zeros as zstd", "zstd", zstdCompressSync(zeros)),
    packed("a zstd frame that wants 128 MiB for a few bytes", "zstd", await wideFrame(), {
      status: 415,
      code: "UNSUPPORTED_ENCODING",
      field: "content-encoding",
    }),
    packed("10^6 names in one object", "gzip", gzipSync(manyNames(1_000_000))),
    packed("600,000 objects with one name each", "gzip", gzipSync(ONE_LIST_OF_MANY_OBJECTS)),
    packed("gzip in gzip", "gzip, gzip", gzipSync(gzipSync("{}")), {
      status: 415,
      code: "UNSUPPORTED_ENCODING",
      field: "content-encoding",
    }),
    refused("2^53+1", text.replace('"fromSeq":1', '"fromSeq":9007199254740993'), "fromSeq", "INVALID_JSON"),
    refused("constructor", { ...example, constructor: {} }, "(root)"),
    refused("prototype", { ...example, prototype: {} }, "(root)"),
    refused("a lone surrogate", { ...example, changes: [{ ...first, body: "\ud800" }] }, "changes.0.body"),
    refused("NUL in an id", { ...example, terminal: `${terminal}\u0000` }, "terminal"),
    refused("a megabyte for a hash", { ...example, prevHash: "a".repeat(MIB) }, "prevHash"),
    refused("1001 changes", { ...example, changes: Array.from({ length: 1001 }, () => first) }, "changes"),
    refused(
      "a change above 1 MiB",
      { ...example, changes: [{ ...first, body: "x".repeat(MIB + 1) }] },
      "changes.0.body",
    ),
  ];
}

/** What only the till's door reads. @param sale a good order */
export function tillAbuses(door: Door, sale: object): Abuse[] {
  const refused = (what: string, body: string, rest: Partial<Abuse>): Abuse => {
    return { what, bytes: post(door, body), status: 400, code: "INVALID_INPUT", ...rest };
  };
  const text = JSON.stringify(sale);
  const packed = post(door, gzipSync(text), [["content-encoding", "gzip"]]);
  return [
    { what: "a packed body", bytes: packed, status: 415, code: "UNSUPPORTED_ENCODING", field: "content-encoding" },
    refused("600,000 values", `[${"1,".repeat(600_000)}1]`, { status: 413, code: "TOO_LARGE", field: "body" }),
    refused("2^53+1", text.replace("12000", "9007199254740993"), { field: "tenders[0].amountMinor" }),
    refused("NUL", text.replace("bread", "\\u0000"), { code: "INVALID_JSON", field: "lines.0.item" }),
    refused("a lone surrogate", text.replace("bread", "\\ud800"), { code: "INVALID_JSON", field: "lines.0.item" }),
    refused("a megabyte for an item", text.replace("bread", "x".repeat(MIB)), { field: "lines[0].item" }),
    refused("10,001 lines", JSON.stringify({ ...sale, lines: Array.from({ length: 10_001 }, () => ({})) }), {
      field: "lines",
    }),
    refused("constructor.prototype", '{"constructor":{"prototype":{"polluted":1}}}', {
      code: "INVALID_JSON",
      field: "body",
    }),
  ];
}

function manyNames(count: number): string {
  return `{${Array.from({ length: count }, (_, index) => `"${index.toString(36)}":1`).join(",")}}`;
}

async function wideFrame(): Promise<Buffer> {
  const stream = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 27 } });
  stream.end("{}");
  return Buffer.concat(await stream.toArray());
}

function endlessChunks(bytes: number): Buffer {
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536, 32), Buffer.from("\r\n")]);
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / 65_536) }, () => chunk));
}
