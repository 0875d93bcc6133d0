import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type ErrorCode, type ErrorDetails, SyncError } from "@tillsync/protocol";
import { DOOR } from "./door-limits.ts";
import { isImporting } from "./import-body.ts";

type Answer = readonly [status: number, code: ErrorCode, message: string, details: ErrorDetails];

/** What Node's HTTP parser gives up on, by its code. Everything else is no HTTP at all. */
const BY_CODE: Readonly<Record<string, Answer>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    "TIMED_OUT",
    "The request took too long to arrive; send fewer changes at a time.",
    {
      field: "request",
      expected: `headers within ${DOOR.headersTimeoutMs / 1000} s, all of it within ${DOOR.requestTimeoutMs / 1000} s`,
    },
  ],
  HPE_HEADER_OVERFLOW: [
    431,
    "TOO_LARGE",
    "The headers are too large.",
    { field: "headers", expected: `at most ${DOOR.maxHeaderBytes} bytes` },
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [
    413,
    "TOO_LARGE",
    "The chunk extensions are too large.",
    { field: "body", expected: `at most ${DOOR.maxHeaderBytes} bytes of chunk extensions` },
  ],
};
const NO_HTTP: Answer = [400, "INVALID_INPUT", "This is not HTTP.", { field: "request", expected: "HTTP/1.1" }];

/** Answers on the bare socket what never became a request, with the same body as every other refusal. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  // Told once for each request: an import has limits of its own.
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT" && isImporting(socket)) return;
  const [status, code, message, details] = BY_CODE[error.code ?? ""] ?? NO_HTTP;
  answerOnSocket(socket, status, new SyncError(code, message, details));
}

/** Writes a refusal as the last thing on a connection. */
export function answerOnSocket(socket: Socket, status: number, refusal: SyncError): void {
  const body = JSON.stringify(refusal.toBody());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
