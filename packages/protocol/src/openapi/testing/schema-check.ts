import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { JsonSchema, OpenApi } from "../description.ts";

/** What is wrong with a value, in words; undefined when nothing is. */
export type SchemaCheck = (schema: JsonSchema, value: unknown) => string | undefined;

/**
 * Checks values against schemas of an OpenAPI document.
 *
 * @param strictness `closed`: a member that the document does not name is wrong as well, though readers have to expect it
 */
export function schemaCheck(document: OpenApi, strictness: "open" | "closed" = "open"): SchemaCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true, allowUnionTypes: true });
  formats.default(ajv);
  const { schemas } = document.components;
  const composed = new Set<unknown>();
  visit(document, ({ allOf }) => {
    if (Array.isArray(allOf)) for (const part of allOf) composed.add((part as JsonSchema).$ref);
  });
  for (const [name, schema] of Object.entries(schemas)) {
    const own = strictness === "closed" && !composed.has(`#/components/schemas/${name}`) ? closed(schema) : schema;
    ajv.addSchema(located(own) as object, name);
  }
  return (schema, value) => {
    const check = ajv.compile(located(strictness === "closed" ? closed(schema) : schema) as object);
    return check(JSON.parse(JSON.stringify(value))) ? undefined : ajv.errorsText(check.errors, { dataVar: "value" });
  };
}

/** References as Ajv finds them: by the name under which each was added. */
function located(node: unknown): unknown {
  return mapped(node, (member) =>
    typeof member.$ref === "string" ? { ...member, $ref: member.$ref.replace("#/components/schemas/", "") } : member,
  );
}

/** Objects with nothing but their named members. Parts of an `allOf` know each other's members only through the whole. */
function closed(node: JsonSchema): JsonSchema {
  if (Array.isArray(node.allOf)) return { ...node, unevaluatedProperties: false };
  const members = Object.entries(node).map(([keyword, value]) => [keyword, closedBelow(keyword, value)]);
  const result = Object.fromEntries(members) as JsonSchema;
  const isOpen = node.properties === undefined || node.additionalProperties !== undefined;
  return isOpen ? result : { ...result, additionalProperties: false };
}

function closedBelow(keyword: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (keyword === "items") return closed(value as JsonSchema);
  if (keyword === "anyOf" || keyword === "oneOf") return (value as JsonSchema[]).map(closed);
  if (keyword !== "properties") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, closed(member as JsonSchema)]));
}

function mapped(node: unknown, change: (object: JsonSchema) => JsonSchema): unknown {
  if (Array.isArray(node)) return node.map((item) => mapped(item, change));
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).map(([name, value]) => [name, mapped(value, change)]);
  return change(Object.fromEntries(entries) as JsonSchema);
}

function visit(node: unknown, look: (object: JsonSchema) => void): void {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) look(node as JsonSchema);
  for (const value of Object.values(node)) visit(value, look);
}
