import { localId } from "@tillsync/protocol";
import {
  fromZod,
  type JsonSchema,
  object,
  type Parameter,
  type RequestBody,
  type RouteDescription,
  ref,
  text,
} from "@tillsync/protocol/openapi";

const key: Parameter = {
  in: "path",
  name: "localId",
  description: "Its identity, as the device or till gave it.",
  schema: fromZod(localId),
};
const actor = text("Who changes it; whoever the key was made for when absent.", { minLength: 1, maxLength: 64 });
const reason = text("Why.", { minLength: 1, maxLength: 256 });

export const DOCUMENT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Changed: object(
    {
      localId: fromZod(localId, "Its identity."),
      syncVersion: {
        type: "integer",
        minimum: 1,
        description: "The version that stands now. A device's next has to be higher.",
      },
      state: { type: "string", enum: ["closed", "recorded", "deleted"], description: "What it is now." },
      duplicate: { type: "boolean", description: "True when it was deleted before." },
    },
    "What became of an edit.",
  ),
};

/** Localids of documents that other examples stored. */
interface Sample {
  readonly edited: string;
  readonly changed: object;
  readonly deleted: string;
  /** Of a till, and so final. */
  readonly final: string;
}

const FINAL =
  "A change like any other, with who and why, of which every device hears. What Tillsync's own tills closed or recorded is final and is corrected by a document of its own, such as a return.";

/** Orders and transactions have the same doors. */
function documentRoutes(what: "order" | "transaction", sample: Sample): Record<string, RouteDescription> {
  const url = `/api/admin/${what}s/:localId`;
  return {
    [`GET ${url}`]: reading(what, sample),
    // Before the edits, so that one of them can show how an edit of what was deleted is refused.
    [`DELETE ${url}`]: deleting(what, sample),
    [`PUT ${url}`]: editing(what, sample),
  };
}

const asAdmin = (localId: string, more: object = {}) => ({ as: "admin", parameters: { localId, ...more } });
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

function reading(what: string, { edited }: Sample): RouteDescription {
  return {
    operationId: `get${capital(what)}`,
    tag: "Documents",
    summary: `One ${what} as it stands.`,
    parameters: [key],
    answers: { 200: { description: "As it stands.", schema: ref(`Stored${capital(what)}`) } },
    refusals: ["NOT_FOUND", "INVALID_INPUT"],
    examples: [
      { summary: "One of a device", ...asAdmin(edited), status: 200 },
      { summary: "Not known", ...asAdmin("nobody"), status: 404 },
      { summary: "Not an id", ...asAdmin("not an id"), status: 400 },
    ],
  };
}

function editing(what: string, { edited, changed, deleted, final }: Sample): RouteDescription {
  const body: RequestBody = {
    description: `The whole new ${what}, who and why.`,
    schema: object({
      [what]: { type: "object", description: "Opaque, as devices send it.", additionalProperties: true },
      "actor?": actor,
      reason,
    }),
  };
  const edit = { [what]: changed, actor: "Grace", reason: "Wrong price" };
  return {
    operationId: `edit${capital(what)}`,
    tag: "Documents",
    summary: `Change one ${what} at head office.`,
    description: FINAL,
    parameters: [key],
    body,
    answers: { 200: { description: "Changed.", schema: ref("Changed") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT", "ALREADY_CLOSED", "DELETED_ITEM"],
    examples: [
      { summary: "Another amount", ...asAdmin(edited), body: edit, status: 200 },
      {
        summary: "Without a reason",
        ...asAdmin(edited),
        body: { ...edit, reason: undefined },
        invalid: true,
        status: 400,
      },
      { summary: "Not known", ...asAdmin("nobody"), body: edit, status: 404 },
      { summary: "Deleted before", ...asAdmin(deleted), body: edit, status: 409 },
      { summary: "Of a till", ...asAdmin(final), body: edit, status: 422 },
    ],
  };
}

function deleting(what: string, { deleted, final }: Sample): RouteDescription {
  const why = "Sent twice";
  return {
    operationId: `delete${capital(what)}`,
    tag: "Documents",
    summary: `Take one ${what} away at head office.`,
    description: `${FINAL} Deleting again is answered with \`duplicate: true\`.`,
    parameters: [
      key,
      { in: "query", name: "reason", description: "Why. Needed, here or in a body.", schema: reason },
      { in: "query", name: "actor", description: "Who.", schema: actor },
    ],
    body: {
      description: "Who and why, instead of in the address. A client may leave the body out.",
      required: false,
      schema: object({ "actor?": actor, reason }),
    },
    answers: { 200: { description: "Deleted.", schema: ref("Changed") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT", "ALREADY_CLOSED"],
    examples: [
      { summary: "Why in the address", ...asAdmin(deleted, { reason: why }), status: 200 },
      { summary: "Again, why in a body", ...asAdmin(deleted), body: { actor: "Grace", reason: why }, status: 200 },
      { summary: "Without a reason", ...asAdmin(deleted), status: 400 },
      { summary: "Not known", ...asAdmin("nobody", { reason: why }), status: 404 },
      { summary: "Of a till", ...asAdmin(final, { reason: why }), status: 422 },
    ],
  };
}

export const DOCUMENT_ROUTES: Readonly<Record<string, RouteDescription>> = {
  ...documentRoutes("order", {
    edited: "order-uuid-123",
    changed: { id: "order-uuid-123", orderNumber: "ORD-order-uuid-123", total: 110, items: [] },
    deleted: "order-uuid-126",
    final: "till-order-1",
  }),
  ...documentRoutes("transaction", {
    edited: "transaction-uuid-9",
    changed: { id: "transaction-uuid-9", referenceNumber: "REF-transaction-uuid-9", type: "CASH_OUT", amount: 25 },
    deleted: "transaction-uuid-10",
    final: "till-transaction-1",
  }),
};
