import { gatewayModule, LIMITS, MODULE_ORDER, MODULES, pageHeader } from "@tillsync/protocol";
import { fromZod, type JsonSchema, listOf, object, type RouteDescription, ref, text } from "@tillsync/protocol/openapi";
import { DOOR } from "../door-limits.ts";
import { gatewayQuery, importQuery, pageQuery, rowList } from "../module-routes.ts";
import { parameters } from "./reading-descriptions.ts";

const count = (description: string): JsonSchema => ({ type: "integer", minimum: 0, description });
const name = (module: string) => `${module[0]?.toUpperCase()}${module.slice(1)}Row`;
const names = MODULE_ORDER.map((module) => `\`${module}\``).join(", ");
const module = {
  in: "path",
  name: "module",
  description: `One of ${names}.`,
  schema: { type: "string", enum: MODULE_ORDER },
} as const;

const EXAMPLE_PAGE = `{"module":"items","scope":"organization","kind":"snapshot","epoch":"2b6f0cc9-04d1-4f07-9d6c-0c2b1a2f3d4e","n":1,"rows":2,"hash":"24dea1ac93dcc1b0a5a4d9c4a1b4a0b3f0b1d5f5f9d0d8a1a1a1a1a1a1a1a1a1","cursor":"2b6f0cc9-04d1-4f07-9d6c-0c2b1a2f3d4e.0.1.24dea1ac93dcc1b0a5a4d9c4a1b4a0b3","next":null}
{"id":"bread","name":"Bread","taxId":"VAT"}
{"id":"tea","name":"Tea, black"}
`;

export const MODULE_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ...Object.fromEntries(MODULE_ORDER.map((one) => [name(one), fromZod(MODULES[one].schema, `A row of ${one}.`)])),
  GatewayModule: fromZod(gatewayModule, "A module of one scope, and what of it is new."),
  Gateway: object({ modules: listOf(ref("GatewayModule"), "Each after what it depends on.") }),
  Confirmed: object({ module: text("Its name."), scope: text("`organization` or `store`.") }, "A module that holds."),
  PageHeader: fromZod(pageHeader, "The first line of a page."),
  Imported: object(
    {
      module: text("Its name."),
      scope: text("`organization` or `store`."),
      n: { type: "integer", minimum: 0, description: "The module's number now; it rises when something changed." },
      inserted: count("Rows that were not there."),
      updated: count("Rows that said something else."),
      deleted: count("Rows that are no more."),
      unchanged: count("Lines that changed nothing."),
      flagged: count("Barcodes that are no GTIN; they are kept, with `flags`."),
      missingReferences: count("Rows that name an item, tax or customer which is not there; they are kept."),
    },
    "What an import did.",
  ),
};

export const MODULE_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "PUT /api/admin/modules/:module": {
    operationId: "importModule",
    tag: "Reference data",
    summary: "Brings rows of a module: new ones, changed ones, deletions.",
    description: `All of it or nothing: a line that is wrong refuses the whole, by its number. What a row says replaces what stood under its \`id\`; rows that are not named stay. \`{"id": "...", "deleted": true}\` takes a row away; in CSV a column \`deleted\` does. Of several lines with one \`id\` the last counts.\n\nA list in JSON has at most 10,000 rows. NDJSON and CSV are streamed, packed or not, up to ${DOOR.maxImportRows} rows of ${LIMITS.maxRowBytes} bytes. The header of CSV names fields; lists are written \`a|b\`, own fields \`attributes.NAME\`.`,
    parameters: [
      module,
      ...parameters("query", importQuery, { scope: "Whose rows: of the whole organization, or of the key's store." }),
    ],
    body: {
      description: "Rows. Their schemas are `ItemsRow`, `PricesRow` and so on.",
      schema: fromZod(rowList),
      texts: {
        "application/x-ndjson": '{"id":"bread","name":"Bread","taxId":"VAT"}\n{"id":"tea","deleted":true}\n',
        "text/csv": "id,name,taxId,deleted\nbread,Bread,VAT,\ntea,,,true\n",
      },
    },
    answers: { 200: { description: "What it did.", schema: ref("Imported") } },
    refusals: ["INVALID_INPUT", "NOT_FOUND"],
    examples: [
      {
        summary: "Two items",
        as: "admin",
        parameters: { module: "items", scope: "organization" },
        body: {
          rows: [
            { id: "bread", name: "Bread", taxId: "VAT" },
            { id: "tea", name: "Tea, black" },
          ],
        },
        status: 200,
      },
      {
        summary: "Barcodes, one with a wrong check digit",
        as: "admin",
        parameters: { module: "itemBarcodes" },
        body: {
          rows: [
            { id: "5449000000996", itemId: "bread", barcode: "5449000000996" },
            { id: "5449000000997", itemId: "tea", barcode: "5449000000997" },
          ],
        },
        status: 200,
      },
      {
        summary: "A price that holds from a day on",
        as: "admin",
        parameters: { module: "prices", scope: "store" },
        body: {
          rows: [
            { id: "p1", itemId: "bread", price: "65.00", currency: "KES", effectiveFrom: "2026-02-01T00:00:00.000Z" },
          ],
        },
        status: 200,
      },
      {
        summary: "A price that is no decimal text",
        as: "admin",
        parameters: { module: "prices" },
        body: {
          rows: [{ id: "p1", itemId: "bread", price: 65, currency: "KES", effectiveFrom: "2026-02-01T00:00:00.000Z" }],
        },
        status: 400,
      },
      { summary: "No such module", as: "admin", parameters: { module: "colours" }, body: { rows: [] }, status: 404 },
    ],
  },
  "POST /api/admin/modules/:module/confirm": {
    operationId: "confirmModule",
    tag: "Reference data",
    summary: "Says that a module holds as it is here, after this server was restored from a backup.",
    description:
      "A till whose copy is newer than what a restored server has keeps it until head office writes the module, or says this. An import that changes nothing says the same.",
    parameters: [module, ...parameters("query", importQuery, { scope: "As in an import." })],
    answers: { 200: { description: "What holds.", schema: ref("Confirmed") } },
    refusals: ["INVALID_INPUT", "NOT_FOUND"],
    examples: [
      { summary: "The prices", as: "admin", parameters: { module: "prices" }, status: 200 },
      { summary: "No such module", as: "admin", parameters: { module: "colours" }, status: 404 },
      { summary: "No such scope", as: "admin", parameters: { module: "prices", scope: "town" }, status: 400 },
    ],
  },
  "GET /api/sync/gateway": {
    operationId: "getGateway",
    tag: "Reference data",
    summary: "The modules that this terminal should have, and what of them is new to it.",
    description:
      "Which modules those are depends on the terminal's kind. A cursor that fits no history counts as none: `news` is then the whole module. A row that several imports changed is counted in each of them.",
    parameters: parameters("query", gatewayQuery, {
      have: "How far a copy is: `<module>.<scope>.<cursor>`; once for each copy.",
    }),
    answers: { 200: { description: "Every module in each scope.", schema: ref("Gateway") } },
    refusals: ["INVALID_INPUT"],
    examples: [
      { summary: "A till without anything", as: "terminal", status: 200 },
      { summary: "Not a copy", as: "terminal", parameters: { have: "x" }, status: 400 },
    ],
  },
  "GET /api/sync/modules/:module": {
    operationId: "getModule",
    tag: "Reference data",
    summary: "A page of a module: of the whole, or of what changed since a cursor.",
    description: `NDJSON: a header (\`PageHeader\`), then a row or \`{"deleted": true, "id": "..."}\` a line, each in its canonical text. A page holds about ${LIMITS.maxPageBytes} bytes before packing.\n\nWithout \`since\`, rows come in the order of the bytes of their ids; \`after\` goes on behind one. Then ask with \`since\`, the \`cursor\` of the **first** page, for what changed meanwhile. With \`since\`, all pages up to the one whose \`next\` is null belong together; the cursor, count and hash of that last one are those of the copy. The hash is the sum, modulo 2^256, of SHA-256 of \`module\\nscope\\nrow\` over all rows.`,
    parameters: [
      module,
      ...parameters("query", pageQuery, {
        scope: "The organization's rows or the store's own, which hide those of the same id.",
        since: "A cursor: what changed behind it.",
        after: "`next` of the page before.",
        limit: "Rows in the page at most.",
      }),
    ],
    answers: {
      200: {
        description: "A page.",
        contentType: "application/x-ndjson; charset=utf-8",
        schema: { type: "string" },
        example: EXAMPLE_PAGE,
      },
    },
    refusals: ["INVALID_INPUT", "NOT_FOUND", "FEED_RESET"],
    examples: [
      {
        summary: "All items",
        as: "terminal",
        parameters: { module: "items", scope: "organization" },
        status: 200,
      },
      {
        summary: "A cursor of another history",
        as: "terminal",
        parameters: { module: "items", scope: "organization", since: "none" },
        status: 410,
      },
      { summary: "No scope", as: "terminal", parameters: { module: "items" }, status: 400 },
      {
        summary: "No such module",
        as: "terminal",
        parameters: { module: "colours", scope: "organization" },
        status: 404,
      },
    ],
  },
};
