import type { ErrorCode } from "../errors.ts";

/** A JSON Schema (draft 2020-12), as OpenAPI 3.1 has it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** What one route takes and answers, in the words of whoever calls it. */
export interface RouteDescription {
  /** Name of the call in generated clients. */
  readonly operationId: string;
  /** The group it stands in. */
  readonly tag: string;
  /** One line. */
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: RequestBody;
  /** By HTTP status: every answer that is no refusal. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** The refusals that are this route's own; those that every route has are added. */
  readonly refusals?: readonly ErrorCode[];
  /** Requests that a test sends in this order, and whose answers it compares with the ones that are shown. */
  readonly examples: readonly Example[];
}

export interface Parameter {
  readonly in: "path" | "query" | "header";
  readonly name: string;
  readonly description: string;
  readonly schema: JsonSchema;
  /** Path parameters always are. */
  readonly required?: boolean;
}

export interface RequestBody {
  readonly description: string;
  readonly schema: JsonSchema;
  /** Other content types that are taken as well, each with an example of such a text. */
  readonly texts?: Readonly<Record<string, string>>;
  /** True when absent. */
  readonly required?: boolean;
}

export interface Answer {
  readonly description: string;
  /** `application/json` when absent. */
  readonly contentType?: string;
  readonly schema: JsonSchema;
  /** Shown instead of what was recorded. */
  readonly example?: unknown;
}

/** One request. What was answered is recorded beside the descriptions, so that it is what the server says. */
export interface Example {
  /** Also the name of the example: a few words. */
  readonly summary: string;
  /** The role of the key it is sent with; nobody's when absent. */
  readonly as?: string;
  /** By name, wherever the parameter stands. */
  readonly parameters?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  /** True when the body is against its schema, to show how it is refused. It is then not shown as a request. */
  readonly invalid?: boolean;
  readonly status: number;
  /** What the server has to do without meanwhile. */
  readonly without?: "database";
}

/** What was answered: to each example by route and summary, and once for each code that any route may refuse with. */
export interface RecordedAnswers {
  readonly routes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly refusals: Readonly<Partial<Record<ErrorCode, unknown>>>;
}

/** An OpenAPI 3.1 document. */
export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly [kind: string]: Readonly<Record<string, unknown>>;
  };
  readonly [member: string]: unknown;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly object[];
  readonly parameters: readonly (Parameter & { readonly example?: unknown })[];
  readonly requestBody?:
    | { readonly description: string; readonly required: boolean; readonly content: Content }
    | undefined;
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Content }>>;
}

/** By content type. */
export type Content = Readonly<
  Record<string, { readonly schema: JsonSchema; readonly examples?: Readonly<Record<string, ShownExample>> }>
>;

export interface ShownExample {
  readonly summary: string;
  readonly value: unknown;
}
