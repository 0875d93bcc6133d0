import { type ErrorCode, SyncError } from "@tillsync/protocol";
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from "fastify";
import { codeOf, failureOf } from "../db/failure.ts";

/** What Fastify itself refuses, by HTTP status: its own texts quote the request and are not passed on. */
const BY_STATUS: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  400: ["INVALID_INPUT", "The request could not be read."],
  404: ["NOT_FOUND", "There is nothing at this address."],
  413: ["TOO_LARGE", "The request is larger than the centre accepts; send fewer changes at a time."],
  414: ["INVALID_INPUT", "The address is too long."],
  415: ["UNSUPPORTED_ENCODING", "A body has to be application/json."],
};

/** The refusal that any error means to the caller; what we did not foresee is INTERNAL and tells nothing. */
export function refusalOf(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  const failure = failureOf(error);
  if (failure !== undefined) return failure;
  const [code, message] = BY_STATUS[statusOf(error)] ?? [
    "INTERNAL",
    "Something went wrong at the centre; its log has the correlation id.",
  ];
  return new SyncError(code, message, {}, error);
}

/** Sends the refusal and writes it to the log: loudly when it is ours to mend. */
export function answerRefusal(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = refusalOf(error);
  logRefusal(refusal, request.log);
  reply.code(refusal.status).header("cache-control", "no-store").header("x-correlation-id", request.id);
  if (refusal.code === "UNAVAILABLE") reply.header("retry-after", "1");
  if (refusal.code === "UNAUTHENTICATED") reply.header("www-authenticate", "Bearer");
  return reply.send(refusal.toBody(request.id));
}

function logRefusal(refusal: SyncError, log: FastifyBaseLogger): void {
  const { code, message } = refusal;
  if (code === "INTERNAL") log.error({ code, cause: describe(refusal.cause) }, message);
  else if (refusal.status >= 500) log.warn({ code, cause: describe(refusal.cause) }, message);
  else log.info({ code }, message);
}

/** A cause fit for a log: PostgreSQL's `detail` and `where` quote rows, so they stay out. */
function describe(cause: unknown): Record<string, unknown> | undefined {
  if (cause === undefined) return undefined;
  if (!(cause instanceof Error)) return { type: typeof cause };
  return { name: cause.name, message: cause.message, code: codeOf(cause), stack: cause.stack };
}

function statusOf(error: unknown): number {
  const known =
    typeof error === "object" && error !== null && "statusCode" in error && codeOf(error)?.startsWith("FST_");
  return known === true && typeof error.statusCode === "number" ? error.statusCode : 500;
}
