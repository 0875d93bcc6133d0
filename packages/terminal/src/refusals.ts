import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { DOOR } from "./door-limits.ts";
import { newCorrelationId } from "./system/platform.ts";

export type Log = Pick<Logger, "debug" | "info" | "warn" | "error">;

/** Makes every failed request answer with the one shape of a refusal, and tells the log what the caller may not see. */
export function answerRefusals(app: FastifyInstance, log: Log | undefined): void {
  app.setErrorHandler((error, request, reply) => sendRefusal(error, request, reply, log));
  app.setNotFoundHandler((request) => {
    const path = request.url.split("?", 1)[0] ?? "";
    throw new SyncError("NOT_FOUND", `There is no ${request.method} ${path.slice(0, 100)} on this till.`);
  });
}

export function sendRefusal(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log | undefined,
): FastifyReply {
  const refusal = asRefusal(error);
  if (isGone(error)) log?.debug({ correlationId: request.id }, "caller went away");
  else if (refusal.status >= 500) {
    // The cause and its stack go to the log only; the caller gets the sentence and the id to find them by.
    log?.error(
      { correlationId: request.id, code: refusal.code, cause: describe(refusal.cause ?? refusal) },
      "request failed",
    );
  }
  if (refusal.code === "UNAUTHENTICATED") reply.header("www-authenticate", "Bearer");
  return reply.code(refusal.status).header("x-correlation-id", request.id).send(refusal.toBody(request.id));
}

/** A cause fit for a log. What cannot be parsed is quoted in the text of its error, so that stays out. */
function describe(cause: unknown): Record<string, unknown> {
  if (!(cause instanceof Error)) return { type: typeof cause };
  const { name, message, stack = "" } = cause;
  if (!(cause instanceof SyntaxError)) return { name, message, code: codeOf(cause), stack };
  return { name, message: "not logged: it quotes what came", stack: stack.slice(stack.indexOf("\n    at ") + 1) };
}

/** Answers bytes that never became a request: no HTTP, headers without end, a request that was not whole in time. */
export function refuseBytes(error: Error, socket: Duplex): void {
  if (!socket.writable || codeOf(error) === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, refusal] = brokenBy(codeOf(error));
  answerOnSocket(socket, status, refusal);
}

function brokenBy(code: unknown): readonly [status: number, refusal: SyncError] {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT": {
      const expected = `headers within ${DOOR.headersTimeoutMs / 1000} s, all of it within ${DOOR.requestTimeoutMs / 1000} s`;
      return [408, new SyncError("TIMED_OUT", "The request took too long to arrive.", { field: "request", expected })];
    }
    case "HPE_HEADER_OVERFLOW":
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW": {
      const field = code === "HPE_HEADER_OVERFLOW" ? "headers" : "body";
      const facts = { field, expected: `at most ${DOOR.maxHeaderBytes} bytes of headers or chunk extensions` };
      return [413, new SyncError("TOO_LARGE", "The headers of the request are too large.", facts)];
    }
    default: {
      const facts = { field: "request", expected: "HTTP/1.1" };
      return [400, new SyncError("INVALID_INPUT", "What came is not a whole HTTP request.", facts)];
    }
  }
}

/** Writes a refusal as the last thing on a connection. */
export function answerOnSocket(socket: Duplex, status: number, refusal: SyncError): void {
  const correlationId = newCorrelationId();
  const body = JSON.stringify(refusal.toBody(correlationId));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    `x-correlation-id: ${correlationId}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** How Node calls a request whose caller went away before it was whole. */
function isGone(error: unknown): boolean {
  return error instanceof Error && error.message === "aborted" && codeOf(error) === "ECONNRESET";
}

function asRefusal(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  // Nobody reads it; it is no mistake of ours.
  if (isGone(error)) return notJson("The request ended before it was whole.", error);
  switch (codeOf(error)) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new SyncError(
        "TOO_LARGE",
        `The body is larger than ${DOOR.maxBodyBytes} bytes.`,
        { field: "body", expected: `at most ${DOOR.maxBodyBytes} bytes`, maxBytes: DOOR.maxBodyBytes },
        error,
      );
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return notJson("The body must be JSON, sent with content-type: application/json.", error);
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return notJson("The body is not as long as its content-length says.", error);
    case "FST_ERR_BAD_URL":
      return new SyncError("NOT_FOUND", "The address is not a valid one.", {}, error);
    case "FST_ERR_MAX_PARAM_LENGTH":
      return new SyncError("NOT_FOUND", "Nothing on this till has so long a name.", {}, error);
    default:
      return new SyncError(
        "INTERNAL",
        "Something unexpected happened; the till's log has it under this correlationId.",
        {},
        error,
      );
  }
}

function notJson(message: string, cause: unknown): SyncError {
  return new SyncError("INVALID_JSON", message, {}, cause);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
