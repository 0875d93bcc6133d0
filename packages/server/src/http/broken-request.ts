import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type ErrorCode, SyncError } from "@tillsync/protocol";

/** What Node's HTTP parser gives up on, by its code. Everything else is no HTTP at all. */
const BY_CODE: Readonly<Record<string, readonly [status: number, code: ErrorCode, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "TIMED_OUT", "The request took too long to arrive; send fewer changes at a time."],
  HPE_HEADER_OVERFLOW: [431, "TOO_LARGE", "The headers are too large."],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "TOO_LARGE", "The chunk extensions are too large."],
};
const NO_HTTP = [400, "INVALID_INPUT", "This is not HTTP."] as const;

/** Answers on the bare socket what never became a request, with the same body as every other refusal. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, message] = BY_CODE[error.code ?? ""] ?? NO_HTTP;
  const body = JSON.stringify(new SyncError(code, message).toBody());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
