import { type FuzzFigures, FuzzTally, type HostileRequest, Mutator } from "@tillsync/protocol/testing";
import { serverRequest } from "@tillsync/server/testing";
import { terminalRequest, terminalRoutesOfDoor } from "@tillsync/terminal/testing";
import type { LiveDoors } from "./live-doors.ts";
import { converse, requestBytes } from "./raw-http.ts";

const AT_A_TIME = 40;

/** Whole connections that are no HTTP, or nearly. */
const RAW_CONNECTIONS: readonly string[] = [
  "",
  "\r\n\r\n\r\n",
  "GET",
  "GET /health",
  "GET /health HTTP/1.1",
  "GET /health HTTP/1.1\r\n\r\n",
  "GET /health HTTP/1.0\r\n\r\n",
  "GET /health HTTP/9.9\r\nhost: x\r\n\r\n",
  "GET /health\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n",
  "GET http://example.com/ HTTP/1.1\r\nhost: example.com\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
  "GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil\r\n\r\n",
  "GET /health HTTP/1.1\r\nhost : 127.0.0.1\r\n\r\n",
  "GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nx: a\r\n b\r\n\r\n",
  "GET /health HTTP/1.1\nhost: 127.0.0.1\n\n",
  "GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nx\x00y: 1\r\n\r\n",
  "GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
  "GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nexpect: 200-ok\r\n\r\n",
  "POST /api/orders HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST /api/orders HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
  "POST /api/orders HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: -1\r\n\r\n",
  "POST /api/orders HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
  "POST /api/orders HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
  "POST /api/orders HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
];

/** The centre's door, over sockets. */
export function fuzzLiveServer(doors: LiveDoors, options: { seed: number; inputs: number }): Promise<FuzzFigures> {
  return fuzzLive(doors.server.url, options, (mutator) => serverRequest(mutator, doors.keys));
}

/** The till's door, over sockets. */
export async function fuzzLiveTerminal(
  doors: LiveDoors,
  options: { seed: number; inputs: number },
): Promise<FuzzFigures> {
  const routes = await terminalRoutesOfDoor();
  return fuzzLive(doors.till.url, options, (mutator) => terminalRequest(mutator, routes, doors.localKey));
}

async function fuzzLive(
  url: string,
  { seed, inputs }: { seed: number; inputs: number },
  make: (mutator: Mutator) => HostileRequest,
): Promise<FuzzFigures> {
  const mutator = new Mutator(seed);
  const tally = new FuzzTally();
  let asked = 0;
  const worker = async () => {
    while (asked < inputs) {
      asked += 1;
      const bytes = connectionBytes(mutator, make, new URL(url).host);
      const { answers } = await converse(url, bytes);
      const [first] = answers;
      if (first === undefined) tally.closed();
      else judge(tally, bytes, first);
      // A connection may hold the beginning of another request: that is answered too, and is no input of its own.
      const more = new FuzzTally();
      for (const answer of answers.slice(1)) judge(more, bytes, answer);
      for (const violation of more.figures.violations) tally.violate(url, bytes, violation);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return tally.figures;
}

function judge(tally: FuzzTally, bytes: Buffer, { status, body }: { status: number; body: string }): void {
  // What a HEAD answers has no body.
  const silent = bytes.subarray(0, 5).toString("latin1") === "HEAD " && body === "" && status < 500;
  tally.answer("a connection", bytes, { status, body: silent ? HEAD_BODY : body });
}

const HEAD_BODY = JSON.stringify({ error: { code: "NOT_FOUND", message: "(a HEAD)", retryable: false } });

function connectionBytes(mutator: Mutator, make: (mutator: Mutator) => HostileRequest, host: string): Buffer {
  const { chance } = mutator;
  if (chance.oneIn(10)) return Buffer.from(chance.pick(RAW_CONNECTIONS), "latin1");
  const { method, url, headers, body } = make(mutator);
  const lines: [string, string][] = [["host", host], ...Object.entries(headers)];
  const content = body ?? Buffer.alloc(0);
  const line = `${method} ${url} HTTP/1.1`;
  if (body !== undefined) {
    if (chance.oneIn(8)) {
      lines.push(["transfer-encoding", "chunked"]);
      return damaged(mutator, requestBytes(line, lines, chunks(mutator, content)));
    }
    const wrong = chance.oneIn(20) ? chance.below(30) - 15 : 0;
    lines.push(["content-length", String(Math.max(0, content.length + wrong))]);
  }
  if (chance.oneIn(40)) lines.push([`x-${mutator.text().replace(/[^a-z]/g, "")}`, mutator.text()]);
  return damaged(mutator, requestBytes(line, lines, content));
}

function damaged(mutator: Mutator, bytes: Buffer): Buffer {
  return mutator.chance.oneIn(8) ? mutator.bytes(bytes) : bytes;
}

function chunks(mutator: Mutator, content: Buffer): Buffer {
  const { chance } = mutator;
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; ) {
    const size = 1 + chance.below(Math.max(1, content.length));
    const piece = content.subarray(at, at + size);
    const extension = chance.oneIn(10) ? `;x=${"y".repeat(chance.below(100))}` : "";
    parts.push(Buffer.from(`${piece.length.toString(16)}${extension}\r\n`), piece, Buffer.from("\r\n"));
    at += size;
  }
  parts.push(Buffer.from(chance.oneIn(10) ? "0\r\nx-trailer: 1\r\n\r\n" : "0\r\n\r\n"));
  return Buffer.concat(parts);
}
