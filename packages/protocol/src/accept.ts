import type { z } from "zod";

/** True of a value that certainly passes a schema and comes out of it as it went in; false means "ask the schema". */
export type Accepts = (value: unknown) => boolean;

const known = new WeakMap<z.ZodType, Accepts>();

const NEVER: Accepts = () => false;

/**
 * The quick way through a schema, made from the schema itself: it looks and copies nothing, at a fifth of the cost. It
 * knows what our wire is made of (strings, whole numbers, lists, records, strict objects) and leaves everything else, and every
 * value that is wrong, to the schema, which then says why.
 */
export function acceptsOf(schema: z.ZodType): Accepts {
  let accepts = known.get(schema);
  if (accepts === undefined) {
    accepts = compile(schema as unknown as Schema) ?? NEVER;
    known.set(schema, accepts);
  }
  return accepts;
}

/** What zod says of a schema (`_zod.def`, its interface for libraries), as far as we read it. */
interface Def {
  readonly type: string;
  readonly check?: string;
  readonly format?: string;
  readonly coerce?: boolean;
  readonly pattern?: RegExp;
  readonly checks?: readonly { readonly _zod: { readonly def: CheckDef } }[];
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly catchall?: Schema;
  readonly element?: Schema;
  readonly keyType?: Schema;
  readonly valueType?: Schema;
  readonly innerType?: Schema;
  readonly options?: readonly Schema[];
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly values?: readonly unknown[];
}

interface CheckDef {
  readonly check: string;
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly value?: unknown;
  readonly inclusive?: boolean;
}

interface Schema {
  readonly _zod: { readonly def: Def };
}

/** Undefined for a schema with anything in it that is not known here. */
function compile({ _zod: { def } }: Schema): Accepts | undefined {
  const checks = def.checks?.map((check) => compileCheck(check._zod.def)) ?? [];
  if (def.coerce === true || checks.some((check) => check === undefined)) return undefined;
  const shape = compileType(def);
  return shape && all([shape, ...(checks as Accepts[])]);
}

function compileType(def: Def): Accepts | undefined {
  switch (def.type) {
    case "string":
      return compileString(def);
    case "number":
      return def.format === "safeint" ? Number.isSafeInteger : undefined;
    case "boolean":
      return (value) => typeof value === "boolean";
    case "unknown":
      return () => true;
    case "literal":
      return oneOf(def.values ?? []);
    case "enum":
      return oneOf(Object.values(def.entries ?? {}));
    case "optional":
      return orElse(undefined, def.innerType);
    case "nullable":
      return orElse(null, def.innerType);
    case "array":
      return compileList(def);
    case "object":
      return compileObject(def);
    case "record":
      return compileRecord(def);
    case "union":
      return compileUnion(def);
    default:
      return undefined;
  }
}

/** A text with a format that is no regular expression alone, such as a URL, is not known here. */
function compileString({ check, format, pattern }: Def): Accepts | undefined {
  if (check === undefined) return (value) => typeof value === "string";
  if (check !== "string_format" || pattern === undefined || !["date", "datetime"].includes(format ?? ""))
    return undefined;
  return (value) => typeof value === "string" && pattern.test(value);
}

function compileCheck({ check, format, pattern, ...bounds }: CheckDef): Accepts | undefined {
  const { minimum = Number.NaN, maximum = Number.NaN, value: limit, inclusive } = bounds;
  switch (check) {
    case "string_format":
      if (format !== "regex" || pattern === undefined || pattern.global || pattern.sticky) return undefined;
      return (value) => pattern.test(value as string);
    case "min_length":
      return (value) => (value as string | unknown[]).length >= minimum;
    case "max_length":
      return (value) => (value as string | unknown[]).length <= maximum;
    case "greater_than":
      return inclusive && typeof limit === "number" ? (value) => (value as number) >= limit : undefined;
    case "less_than":
      return inclusive && typeof limit === "number" ? (value) => (value as number) <= limit : undefined;
    default:
      return undefined;
  }
}

function all(tests: readonly Accepts[]): Accepts {
  const [first = NEVER, second, third, ...more] = tests;
  if (second === undefined) return first;
  if (third === undefined) return (value) => first(value) && second(value);
  if (more.length === 0) return (value) => first(value) && second(value) && third(value);
  return (value) => tests.every((test) => test(value));
}

function oneOf(values: readonly unknown[]): Accepts {
  return (value) => values.includes(value);
}

function orElse(other: undefined | null, inner: Schema | undefined): Accepts | undefined {
  const accepts = inner && compile(inner);
  return accepts && ((value) => value === other || accepts(value));
}

function compileList({ element }: Def): Accepts | undefined {
  const accepts = element && compile(element);
  if (accepts === undefined) return undefined;
  return (value) => {
    if (!Array.isArray(value)) return false;
    for (let index = 0; index < value.length; index++) if (!accepts(value[index])) return false;
    return true;
  };
}

function compileUnion({ options = [] }: Def): Accepts | undefined {
  const accepts = options.map(compile);
  if (accepts.some((option) => option === undefined)) return undefined;
  return (value) => (accepts as Accepts[]).some((option) => option(value));
}

/** A record whose names are any text of a form; a list of names would have to be complete. */
function compileRecord({ keyType, valueType }: Def): Accepts | undefined {
  const acceptsName = keyType?._zod.def.type === "string" ? compile(keyType) : undefined;
  const accepts = valueType && compile(valueType);
  if (acceptsName === undefined || accepts === undefined) return undefined;
  return (value) => {
    if (!isPlain(value)) return false;
    for (const name in value) if (name === "__proto__" || !acceptsName(name) || !accepts(value[name])) return false;
    return true;
  };
}

interface Field {
  readonly accepts: Accepts;
  readonly isRequired: boolean;
}

function compileObject({ shape = {}, catchall }: Def): Accepts | undefined {
  // Others would let members pass that they do not name, or drop them.
  if (catchall?._zod.def.type !== "never") return undefined;
  const fields = new Map<string, Field>();
  for (const [name, schema] of Object.entries(shape)) {
    const accepts = compile(schema);
    if (accepts === undefined) return undefined;
    fields.set(name, { accepts, isRequired: schema._zod.def.type !== "optional" });
  }
  const required = [...fields.values()].filter(({ isRequired }) => isRequired).length;
  return (value) => {
    if (!isPlain(value)) return false;
    let found = 0;
    for (const name in value) {
      const field = fields.get(name);
      if (field === undefined || !field.accepts(value[name])) return false;
      if (field.isRequired) found++;
    }
    return found === required;
  };
}

/** An object of a class may answer differently when asked twice. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
