import { SyncError } from "@tillsync/protocol";
import { z } from "zod";

/**
 * Reads what a caller sent. The refusal names the first field that is wrong, what belongs there and what came.
 *
 * @throws SyncError INVALID_INPUT
 */
export function readInput<S extends z.ZodObject>(schema: S, sent: unknown): z.infer<S> {
  const value = sent === undefined || sent === null ? {} : sent;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue === undefined) throw new SyncError("INVALID_INPUT", "The input is not valid.");
  throw refusalOf(issue, schema, value);
}

/**
 * Puts the id of the address into the body; a body may repeat it, but not contradict it.
 *
 * @throws SyncError INVALID_INPUT
 */
export function withLocalId(localId: string, sent: unknown): unknown {
  if (sent === undefined || sent === null) return { localId };
  if (typeof sent !== "object" || Array.isArray(sent)) return sent;
  if ("localId" in sent && sent.localId !== localId) {
    throw refuse("localId", `"${localId}" as in the address, or left out`, describe(sent.localId));
  }
  return { ...sent, localId };
}

type Issue = z.core.$ZodIssue;

function refusalOf(issue: Issue, schema: z.ZodObject, value: unknown): SyncError {
  const field = pathText(issue.path);
  if (issue.code === "unrecognized_keys") {
    const unknown = pathText([...issue.path, issue.keys[0] ?? ""]);
    const known = fieldsAt(schema, issue.path);
    const message = `${unknown} is not a field here; the fields are: ${known.join(", ")}.`;
    return new SyncError("INVALID_INPUT", message, {
      field: unknown,
      expected: `one of ${known.join(", ")}`,
      got: "an unknown field",
    });
  }
  const at = valueAt(value, issue.path);
  return refuse(field, expectedBy(issue), at === undefined ? "nothing" : describe(at));
}

function refuse(field: string, expected: string, got: string): SyncError {
  return new SyncError("INVALID_INPUT", `${field} must be ${expected}; got ${got}.`, { field, expected, got });
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "text",
  int: "a whole number (amounts are minor units)",
  number: "a whole number (amounts are minor units)",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** Our own schemas carry their expected form as message; for the rest, zod's sentence is turned into one that fits. */
function expectedBy(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return TYPE_WORDS[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.map((choice) => JSON.stringify(choice)).join(" or ");
    case "too_small":
      return `at least ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
    default:
      return issue.message;
  }
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " entries" : "";
}

/** `lines[0].quantity`; the whole input is `(body)`. */
function pathText(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path)
    text += typeof key === "number" ? `[${key}]` : `${text === "" ? "" : "."}${String(key).slice(0, 64)}`;
  return text === "" ? "(body)" : text;
}

function fieldsAt(schema: z.ZodObject, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema;
  for (const key of path) {
    at = unwrap(at);
    if (at instanceof z.ZodObject) at = at.shape[String(key)];
    else if (at instanceof z.ZodArray) at = at.element;
  }
  at = unwrap(at);
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? schema.unwrap() : schema;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) at = at !== null && typeof at === "object" ? Reflect.get(at, key) : undefined;
  return at;
}

/** Short: long text is counted, not repeated. */
function describe(value: unknown): string {
  if (typeof value === "string")
    return value.length <= 40 ? JSON.stringify(value) : `text of ${value.length} characters`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
