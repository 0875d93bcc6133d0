import { ERROR_CODES, type ErrorCode } from "../errors.ts";
import type {
  Answer,
  Content,
  Example,
  JsonSchema,
  OpenApi,
  Operation,
  RecordedAnswers,
  RequestBody,
  RouteDescription,
  ShownExample,
} from "./description.ts";
import { ref } from "./schema.ts";

/** Everything a document is made of. */
export interface Api {
  readonly title: string;
  readonly version: string;
  /** Markdown: what holds for all routes. */
  readonly description: string;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  /** By method and Fastify address: `GET /api/orders/:localId`. */
  readonly routes: Readonly<Record<string, RouteDescription>>;
  /** Who may call a route. */
  readonly accessOf: (route: string) => { readonly says: string; readonly key: "needed" | "never" | "perhaps" };
  /** Refusals that a route has besides its own. */
  readonly refusalsOf: (route: string, description: RouteDescription) => readonly ErrorCode[];
  readonly keyDescription: string;
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  readonly answers: RecordedAnswers;
}

/** An OpenAPI 3.1 document in which every route has its schemas, its refusals by code, and examples that were sent. */
export function buildDocument(api: Api): OpenApi {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const [route, description] of Object.entries(api.routes)) {
    const [method = "", url = ""] = route.split(" ");
    const path = pathOf(url);
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(api, route, description) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: api.title,
      version: api.version,
      description: api.description,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "The server that this document came from." }],
    tags: api.tags,
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer", description: api.keyDescription } },
      schemas: { ...api.schemas, ErrorCode: errorCode(), Refusal: refusal() },
    },
  } as OpenApi;
}

/** A Fastify address as OpenAPI writes it. */
export function pathOf(url: string): string {
  return url.replace(/:(\w+)/g, "{$1}");
}

/** An empty requirement means that it may be called without. */
const SECURITY = { needed: [{ key: [] }], never: [], perhaps: [{}, { key: [] }] } as const;

function operationOf(api: Api, route: string, description: RouteDescription): Operation {
  const { operationId, tag, summary, body, parameters = [], examples } = description;
  const access = api.accessOf(route);
  const first = examples.find(({ status }) => status < 400) ?? examples[0];
  return {
    operationId,
    tags: [tag],
    summary,
    description: [description.description, access.says].filter((part) => part !== undefined).join("\n\n"),
    security: SECURITY[access.key],
    parameters: parameters.map((parameter) => {
      const example = first?.parameters?.[parameter.name];
      const required = parameter.in === "path" || parameter.required === true;
      return { ...parameter, required, ...(example === undefined ? {} : { example }) };
    }),
    ...(body && {
      requestBody: {
        description: body.description,
        required: body.required ?? true,
        content: { "application/json": { schema: body.schema, ...shown(requestsOf(examples)) }, ...textsOf(body) },
      },
    }),
    responses: responsesOf(api, route, description),
  };
}

function textsOf({ texts = {} }: RequestBody): Content {
  const content = (example: string) => ({ schema: { type: "string" }, ...shown([["An example", example]]) });
  return Object.fromEntries(Object.entries(texts).map(([type, example]) => [type, content(example)]));
}

function requestsOf(examples: readonly Example[]): [string, unknown][] {
  return examples
    .filter(({ body, invalid }) => body !== undefined && invalid !== true)
    .map(({ summary, body }) => [summary, body]);
}

function responsesOf(api: Api, route: string, description: RouteDescription): Operation["responses"] {
  const responses: Record<string, { description: string; headers: object; content: Content }> = {};
  for (const [status, answer] of Object.entries(description.answers)) {
    responses[status] = {
      description: answer.description,
      headers: headersOf(Number(status)),
      content: contentOf(
        answer,
        answer.example === undefined
          ? answersOf(api, route, description.examples, Number(status))
          : [["An example", answer.example]],
      ),
    };
  }
  for (const [status, codes] of byStatus([...(description.refusals ?? []), ...api.refusalsOf(route, description)])) {
    if (responses[status] !== undefined) continue;
    const own = answersOf(api, route, description.examples, status);
    const told = new Set(own.map(([, value]) => codeOf(value)));
    const others = codes.filter((code) => !told.has(code)).map((code) => [code, api.answers.refusals[code]] as const);
    responses[status] = {
      description: codes.map(saysOf).join(" "),
      headers: headersOf(status),
      content: contentOf({ schema: refusedWith(codes) }, [
        ...own,
        ...others.filter(([, value]) => value !== undefined),
      ]),
    };
  }
  return responses;
}

function answersOf(api: Api, route: string, examples: readonly Example[], status: number): [string, unknown][] {
  const recorded = api.answers.routes[route] ?? {};
  return examples
    .filter((example) => example.status === status && recorded[example.summary] !== undefined)
    .map(({ summary }) => [summary, recorded[summary]]);
}

function byStatus(codes: readonly ErrorCode[]): [number, ErrorCode[]][] {
  const found = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes)) {
    const { status } = ERROR_CODES[code];
    found.set(status, [...(found.get(status) ?? []), code]);
  }
  return [...found].sort(([a], [b]) => a - b);
}

function saysOf(code: ErrorCode): string {
  const again = ERROR_CODES[code].retryable ? "the same may succeed later" : "the same will be refused again";
  return `\`${code}\`: ${again}.`;
}

function codeOf(value: unknown): unknown {
  return (value as { error?: { code?: unknown } } | null)?.error?.code;
}

function contentOf(
  { contentType = "application/json", schema }: Omit<Answer, "description">,
  examples: readonly (readonly [string, unknown])[],
): Content {
  return { [contentType]: { schema, ...shown(examples) } };
}

/** Names of examples are their summaries as identifiers. */
function shown(examples: readonly (readonly [string, unknown])[]): { examples?: Record<string, ShownExample> } {
  if (examples.length === 0) return {};
  const named = examples.map(([summary, value]) => [summary.replace(/[^A-Za-z0-9._-]+/g, "-"), { summary, value }]);
  return { examples: Object.fromEntries(named) as Record<string, ShownExample> };
}

function headersOf(status: number): object {
  const correlation = { description: "The id of this request in the server's log.", schema: { type: "string" } };
  const retry = { description: "Seconds to wait.", schema: { type: "integer", minimum: 1 } };
  const scheme = { description: "`Bearer`.", schema: { type: "string" } };
  return {
    "x-correlation-id": correlation,
    ...(status === 429 || status === 503 ? { "retry-after": retry } : {}),
    ...(status === 401 ? { "www-authenticate": scheme } : {}),
  };
}

/** A refusal with one of these codes. */
function refusedWith(codes: readonly ErrorCode[]): JsonSchema {
  const code = { type: "string", enum: codes };
  return {
    allOf: [ref("Refusal"), { type: "object", properties: { error: { type: "object", properties: { code } } } }],
  };
}

function errorCode(): JsonSchema {
  const description = "What was refused, for programs. The meaning of each, and who has to act: docs/errors.md.";
  return { type: "string", description, enum: Object.keys(ERROR_CODES) };
}

function refusal(): JsonSchema {
  const string = (description: string) => ({ type: "string", description });
  return {
    type: "object",
    description: "The body of every refusal. Further members are facts for programs, such as `limit`.",
    properties: {
      error: {
        type: "object",
        properties: {
          code: ref("ErrorCode"),
          message: string("A sentence for people; it may change."),
          retryable: { type: "boolean", description: "True when the very same request may succeed later." },
          field: string("The field that is to blame, such as `orders[3].localId`."),
          expected: string("What belongs there."),
          got: string("What came, shortened."),
          correlationId: string("The id of this request in the server's log."),
        },
        required: ["code", "message", "retryable"],
        additionalProperties: true,
      },
    },
    required: ["error"],
  };
}
