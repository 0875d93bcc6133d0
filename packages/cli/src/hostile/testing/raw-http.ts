import { connect, type Socket } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

export interface Conversation {
  readonly answers: readonly RawAnswer[];
  /** The connection was gone before we ended it. */
  readonly closed: boolean;
}

/** Silence that long after bytes that are not a whole request: then we hang up, and see what is said to that. */
const SILENCE_MS = 400;
const GIVE_UP_MS = 20_000;

export interface SendOptions {
  /** Hang up after this much silence (default 400 ms). */
  readonly silenceMs?: number;
  /** Answers to wait for, whatever the silence. */
  readonly expect?: number;
}

/** Sends bytes over a connection of their own and reads what comes back, until the end or a silence. */
export function converse(
  url: string,
  pieces: Buffer | readonly Buffer[],
  options: SendOptions = {},
): Promise<Conversation> {
  const { silenceMs = SILENCE_MS, expect = 0 } = options;
  const parts = Buffer.isBuffer(pieces) ? [pieces] : pieces;
  const toHead = parts[0]?.subarray(0, 5).toString("latin1") === "HEAD ";
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    let closed = false;
    let ending = false;
    const socket = open(url);
    const answers = () => parseAnswers(Buffer.concat(received), toHead);
    const finish = () => {
      clearTimeout(silence);
      clearTimeout(last);
      socket.destroy();
      resolve({ answers: answers(), closed });
    };
    const hangUp = () => {
      if (!ending && answers().length < expect) return void silence.refresh();
      if (ending) return finish();
      ending = true;
      socket.end();
      silence.refresh();
    };
    const silence = setTimeout(hangUp, silenceMs);
    const last = setTimeout(finish, GIVE_UP_MS);
    socket.on("data", (chunk) => {
      received.push(chunk);
      silence.refresh();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      closed = !ending;
      finish();
    });
    for (const piece of parts) socket.write(piece);
  });
}

/** A connection to where a URL points. */
export function open(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.setNoDelay(true);
  return socket;
}

/** A request as bytes, its headers as they are given. */
export function requestBytes(
  line: string,
  headers: readonly (readonly [string, string])[],
  body: Buffer | string = "",
): Buffer {
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([Buffer.from(`${line}\r\n${head}\r\n`, "latin1"), Buffer.from(body)]);
}

/** All whole answers in what was received. @param toHead the first one answers a HEAD: it says a length, and has no body */
export function parseAnswers(bytes: Buffer, toHead = false): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) break;
    const head = rest.subarray(0, end).toString("latin1");
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
    const after = rest.subarray(end + 4);
    if (status === 100) {
      rest = after;
      continue;
    }
    const noBody = toHead && answers.length === 0;
    const length = noBody ? "0" : /^content-length: *(\d+)$/im.exec(head)?.[1];
    const chunked = !noBody && /^transfer-encoding: *chunked$/im.test(head);
    const body = chunked
      ? chunkedBody(after)
      : { bytes: after.subarray(0, Number(length ?? 0)), used: Number(length ?? 0) };
    const encoding = /^content-encoding: *(\w+)$/im.exec(head)?.[1];
    // An answer that is not whole yet cannot be unpacked, and is no answer.
    if (encoding !== undefined && !chunked && body.bytes.length < Number(length ?? 0)) break;
    answers.push({ status, body: plainText(body.bytes, status < 400 ? undefined : encoding) });
    rest = after.subarray(body.used);
  }
  return answers;
}

function plainText(bytes: Buffer, encoding: string | undefined): string {
  const plain = encoding === "zstd" ? zstdDecompressSync(bytes) : encoding === "gzip" ? gunzipSync(bytes) : bytes;
  return plain.toString("utf8");
}

function chunkedBody(bytes: Buffer): { readonly bytes: Buffer; readonly used: number } {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf("\r\n", at);
    if (end === -1) return { bytes: Buffer.concat(parts), used: bytes.length };
    const size = Number.parseInt(bytes.subarray(at, end).toString("latin1"), 16);
    if (!(size > 0)) return { bytes: Buffer.concat(parts), used: Math.min(bytes.length, end + 4) };
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
