import { MAX_CUSTOMERS } from "@tillsync/engine";
import { MODULES, type ModuleName, rowId, SCOPES } from "@tillsync/protocol";
import {
  fromZod,
  type JsonSchema,
  listOf,
  object,
  type Parameter,
  type RouteDescription,
  ref,
  text,
} from "@tillsync/protocol/openapi";

const rowOf = (module: ModuleName) =>
  object({
    scope: {
      type: "string",
      enum: [...SCOPES],
      description: "Whose row it is. A store's own hides the organization's.",
    },
    row: fromZod(MODULES[module].schema, "The row as head office has it."),
  });

export const LOOK_UP_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  CustomerList: object({
    customers: listOf(ref("CustomerRecord"), "Those with edits of this till that are on their way come first."),
  }),
  OfferView: rowOf("offers"),
  OfferList: object({ offers: listOf(ref("OfferView"), "By id.") }),
  UserView: rowOf("users"),
  UserList: object({ users: listOf(ref("UserView"), "By id.") }),
  SettingView: rowOf("settings"),
  SettingList: object({ settings: listOf(ref("SettingView"), "By id.") }),
};

const parameter = (name: string, description: string, schema: JsonSchema = text("")): Parameter => {
  return { in: "query", name, description, schema };
};
const id = (what: string): Parameter => ({
  in: "path",
  name: "id",
  description: `Of the ${what}.`,
  schema: fromZod(rowId),
});

/** Customers by what people say of themselves: sent behind those that make some. */
export const CUSTOMER_SEARCH: Readonly<Record<string, RouteDescription>> = {
  "GET /api/records/customers": {
    operationId: "findCustomers",
    tag: "Records",
    summary: "Look customers up by phone, beginning of the name, or words of it.",
    description:
      "In the copy on this till, and in what it wrote itself. Give exactly one of `phone`, `prefix` and `word`. Of a phone number the last nine digits decide, however it is written. Case and accents do not matter.",
    parameters: [
      parameter("phone", "A phone number."),
      parameter("prefix", "The beginning of the name."),
      parameter("word", "Words of the name, all of them, in any order."),
      parameter("limit", "At most so many; 20 when left out.", { type: "integer", minimum: 1, maximum: MAX_CUSTOMERS }),
    ],
    answers: { 200: { description: "What was found; nothing is an empty list.", schema: ref("CustomerList") } },
    refusals: ["INVALID_INPUT", "TERMINAL_STOPPED"],
    examples: [
      { summary: "By phone", parameters: { phone: "+254 712 345 678" }, status: 200 },
      { summary: "In no way", parameters: { limit: 5 }, status: 400 },
    ],
  },
};

export const LOOK_UP_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /api/offers": {
    operationId: "findOffers",
    tag: "Items",
    summary: "The offers that hold now, or at another moment, for an item and a customer.",
    description:
      "Without a customer only offers for everybody; with one also those that name the customer or their group. Offers of the future begin by the till's clock. Working out what they take off is the point of sale's.",
    parameters: [
      parameter("itemId", "Only offers that are for this item."),
      parameter("customerId", "Who buys.", fromZod(rowId)),
      parameter("at", "The moment; now when left out.", { type: "string", format: "date-time" }),
    ],
    answers: { 200: { description: "What holds.", schema: ref("OfferList") } },
    refusals: ["INVALID_INPUT", "TERMINAL_STOPPED"],
    examples: [
      { summary: "For bread", parameters: { itemId: "bread" }, status: 200 },
      { summary: "At no moment", parameters: { at: "soon" }, status: 400 },
    ],
  },
  ...listAndOne("users", "User", "who may work at a till"),
  ...listAndOne("settings", "Setting", "what head office sets for the point of sale"),
};

function listAndOne(module: "users" | "settings", name: string, about: string): Record<string, RouteDescription> {
  const what = name.toLowerCase();
  const example = module === "users" ? "amina" : "receipt.footer";
  return {
    [`GET /api/${module}`]: {
      operationId: `list${name}s`,
      tag: "Items",
      summary: `All ${module}: ${about}.`,
      answers: { 200: { description: "All of them.", schema: ref(`${name}List`) } },
      refusals: ["TERMINAL_STOPPED"],
      examples: [{ summary: "All", status: 200 }],
    },
    [`GET /api/${module}/:id`]: {
      operationId: `get${name}`,
      tag: "Items",
      summary: `One ${what} by id.`,
      parameters: [id(what)],
      answers: { 200: { description: `The ${what}.`, schema: ref(`${name}View`) } },
      refusals: ["INVALID_INPUT", "NOT_FOUND", "TERMINAL_STOPPED"],
      examples: [
        { summary: "Known", parameters: { id: example }, status: 200 },
        { summary: "Not known", parameters: { id: "nobody" }, status: 404 },
        { summary: "Not an id", parameters: { id: "a\tb" }, status: 400 },
      ],
    },
  };
}
