import type { z } from "zod";
import { acceptsOf } from "./accept.ts";
import { parseCanonical } from "./canonical.ts";
import { type ChangeBody, envelope, isKind, PAYLOADS } from "./change.ts";
import { type ErrorCode, SyncError } from "./errors.ts";
import { checkTotals } from "./order.ts";

/**
 * Checks a value against a schema. The refusal names the first field that is wrong, what belongs there and what came.
 * What comes back may be the value itself: our schemas check and change nothing.
 *
 * @throws SyncError with `code` (INVALID_INPUT unless told)
 */
export function parseAs<T>(schema: z.ZodType<T>, value: unknown, code: ErrorCode = "INVALID_INPUT"): T {
  if (acceptsOf(schema)(value)) return value as T;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.map(String).join(".") || "(root)";
  const expected = issue?.message ?? "a valid value";
  const found = valueAt(value, issue?.path ?? []);
  // A caller sees what it sent; what is stored about a change travels further, and its texts may name people.
  const got =
    code === "INVALID_INPUT" || typeof found !== "string" ? describe(found) : `text of ${found.length} characters`;
  throw new SyncError(code, `${field}: ${expected}; got ${got}.`, { field, expected, got });
}

/** As `parseAs`, for a value that is a field itself: the refusal names it. @throws SyncError INVALID_INPUT */
export function parseField<T>(field: string, schema: z.ZodType<T>, value: unknown): T {
  if (acceptsOf(schema)(value)) return value as T;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const expected = result.error.issues[0]?.message ?? "a valid value";
  const got = describe(value);
  throw new SyncError("INVALID_INPUT", `${field}: ${expected}; got ${got}.`, { field, expected, got });
}

/**
 * Reads the body of a change from its exact bytes.
 *
 * @throws SyncError BODY_NOT_CANONICAL, KIND_UNKNOWN, BODY_INVALID or TOTALS_MISMATCH; the change is then stored and parked
 */
export function parseBody(text: string): ChangeBody {
  const body = parseAs(envelope, parseCanonical(text), "BODY_INVALID");
  if (!isKind(body.kind)) {
    throw new SyncError("KIND_UNKNOWN", `This version does not know changes of kind "${body.kind}".`, {
      field: "kind",
      got: body.kind,
    });
  }
  const payload = parseAs<unknown>(PAYLOADS[body.kind], body.payload, "BODY_INVALID");
  const change = (payload === body.payload ? body : { ...body, payload }) as ChangeBody;
  if (change.kind === "order.closed") checkTotals(change.payload);
  return change;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path)
    at = at !== null && typeof at === "object" ? (at as Record<PropertyKey, unknown>)[key] : undefined;
  return at;
}

/** Short and without content: refusals travel to logs and peers, and the value may be personal data. */
function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === "boolean" || typeof value === "number")
    return String(value);
  if (typeof value === "string")
    return value.length <= 40 ? JSON.stringify(value) : `text of ${value.length} characters`;
  return Array.isArray(value) ? `a list of ${value.length}` : typeof value;
}
