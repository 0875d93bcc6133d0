import { z } from "zod";
import type { JsonSchema } from "./description.ts";

/** What a zod schema takes, as JSON Schema: the description of a route is made of what the route reads with. */
export function fromZod(schema: z.ZodType, description?: string): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema }) => {
      // The format says the same in one word, and the pattern in two hundred characters.
      if (jsonSchema.format === "date" || jsonSchema.format === "date-time") delete jsonSchema.pattern;
      if (jsonSchema.type === "integer") delete jsonSchema.pattern;
    },
  });
  return description === undefined ? json : { ...json, description };
}

/**
 * An object that may have further fields. Names that end in `?` may be absent.
 *
 * @example object({ localId: text("who"), "reason?": text("why") })
 */
export function object(members: Readonly<Record<string, JsonSchema>>, description?: string): JsonSchema {
  const names = Object.keys(members);
  const required = names.filter((name) => !name.endsWith("?"));
  return {
    type: "object",
    ...(description === undefined ? {} : { description }),
    properties: Object.fromEntries(names.map((name) => [name.replace(/\?$/, ""), members[name]])),
    ...(required.length === 0 ? {} : { required }),
  };
}

export function text(description: string, more: JsonSchema = {}): JsonSchema {
  return { type: "string", description, ...more };
}

export function listOf(items: JsonSchema, description?: string, more: JsonSchema = {}): JsonSchema {
  return { type: "array", ...(description === undefined ? {} : { description }), items, ...more };
}

export function anyOf(description: string, ...schemas: readonly JsonSchema[]): JsonSchema {
  return { description, anyOf: schemas };
}

/** The same, or null. */
export function nullable(schema: JsonSchema): JsonSchema {
  const { type, description, ...rest } = schema;
  if (typeof type === "string" && !("enum" in schema)) return { ...schema, type: [type, "null"] };
  const own = type === undefined ? rest : { type, ...rest };
  return { ...(description === undefined ? {} : { description }), anyOf: [own, { type: "null" }] };
}

/** A schema by its name under `components.schemas`. */
export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}
