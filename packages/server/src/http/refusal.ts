import { type ErrorCode, type ErrorDetails, SyncError } from "@tillsync/protocol";
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from "fastify";
import { codeOf, failureOf } from "../db/failure.ts";

declare module "fastify" {
  interface FastifyReply {
    /** Why the request was refused, for those who count. */
    refusedWith: ErrorCode | null;
  }
}

/** What Fastify itself refuses, by its code or HTTP status: its own texts quote the request and are not passed on. */
const BY_CODE_OR_STATUS: Readonly<Record<string, readonly [ErrorCode, string, ErrorDetails?]>> = {
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    "INVALID_INPUT",
    "The body is not as long as its content-length says.",
    { field: "content-length" },
  ],
  FST_ERR_BAD_URL: ["INVALID_INPUT", "The address is not a valid one.", { field: "url" }],
  FST_ERR_MAX_PARAM_LENGTH: [
    "INVALID_INPUT",
    "A part of the address is too long.",
    { field: "url", expected: "at most 100 characters in each part" },
  ],
  "400": ["INVALID_INPUT", "The request could not be read."],
  "404": ["NOT_FOUND", "There is nothing at this address."],
  "413": [
    "TOO_LARGE",
    "The request is larger than the centre accepts; send fewer changes at a time.",
    { field: "body" },
  ],
  "415": [
    "UNSUPPORTED_ENCODING",
    "A body has to be application/json.",
    { field: "content-type", expected: "application/json" },
  ],
};

/** The refusal that any error means to the caller; what we did not foresee is INTERNAL and tells nothing. */
export function refusalOf(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  const failure = failureOf(error);
  if (failure !== undefined) return failure;
  const known = BY_CODE_OR_STATUS[codeOf(error) ?? ""] ?? BY_CODE_OR_STATUS[statusOf(error)];
  const [code, message, details = {}] = known ?? [
    "INTERNAL",
    "Something went wrong at the centre; its log has the correlation id.",
  ];
  return new SyncError(code, message, details, error);
}

/** Sends the refusal and writes it to the log: loudly when it is ours to mend. */
export function answerRefusal(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const gone = goneRefusal(error, reply);
  const refusal = gone ?? withBodyLimit(refusalOf(error), request);
  logRefusal(refusal, request.log, gone?.message ?? "request refused");
  reply.refusedWith = refusal.code;
  reply.code(refusal.status).header("cache-control", "no-store").header("x-correlation-id", request.id);
  const { retryAfterMs = 1000 } = refusal.details;
  if (refusal.code === "UNAVAILABLE" || refusal.code === "TOO_MANY_REQUESTS")
    reply.header("retry-after", String(Math.ceil(Number(retryAfterMs) / 1000)));
  if (refusal.status === 401) reply.header("www-authenticate", "Bearer");
  return reply.send(refusal.toBody(request.id));
}

/** How Node calls a stream that was ended because nobody reads it any more. */
const ENDED_STREAM: ReadonlySet<string | undefined> = new Set(["ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR"]);

/**
 * What is only a caller that went away. Nobody reads it, but the log does: a lost connection to a caller must not look
 * like one to the database, or like a mistake of ours.
 */
function goneRefusal(error: unknown, { raw }: FastifyReply): SyncError | undefined {
  const code = codeOf(error);
  if (code === "ECONNRESET" && error instanceof Error && error.message === "aborted") {
    const facts = { field: "body", expected: "as many bytes as announced" };
    return new SyncError("INVALID_INPUT", "The request ended before it was whole.", facts, error);
  }
  if (!raw.destroyed || !ENDED_STREAM.has(code)) return undefined;
  return new SyncError("INVALID_INPUT", "The caller went away before the answer was out.", {}, error);
}

/** Routes have limits of their own for what is read of a body. */
function withBodyLimit(refusal: SyncError, { routeOptions }: FastifyRequest): SyncError {
  const { code, message, details, cause } = refusal;
  if (code !== "TOO_LARGE" || details.field !== "body" || details.expected !== undefined) return refusal;
  const expected = `at most ${routeOptions.bodyLimit} bytes on the wire`;
  return new SyncError(code, message, { ...details, expected, limit: routeOptions.bodyLimit }, cause);
}

/** What the caller is told stays out of the log: it quotes what came (`got`), which may be anybody's name or number. */
function logRefusal(refusal: SyncError, log: FastifyBaseLogger, says: string): void {
  const { code } = refusal;
  if (code === "INTERNAL") log.error({ code, cause: describe(refusal.cause) }, "request failed");
  else if (refusal.status >= 500) log.warn({ code, cause: describe(refusal.cause) }, says);
  else log.info({ code }, says);
}

/** PostgreSQL's class 22 and what cannot be parsed quote the value; PostgreSQL's `detail` and `where` quote rows. */
const QUOTING = /^22/;

/** A cause fit for a log. */
function describe(cause: unknown): Record<string, unknown> | undefined {
  if (cause === undefined) return undefined;
  if (!(cause instanceof Error)) return { type: typeof cause };
  const { name, message, stack = "" } = cause;
  const code = codeOf(cause);
  if (!(cause instanceof SyntaxError) && !QUOTING.test(code ?? "")) return { name, message, code, stack };
  return { name, message: "not logged: it quotes what came", code, stack: stack.slice(stack.indexOf("\n    at ") + 1) };
}

function statusOf(error: unknown): number {
  const known =
    typeof error === "object" && error !== null && "statusCode" in error && codeOf(error)?.startsWith("FST_");
  return known === true && typeof error.statusCode === "number" ? error.statusCode : 500;
}
