import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { RouteDescription } from "./description.ts";
import { type Api, buildDocument } from "./document.ts";
import { htmlPage } from "./page.ts";
import { fromZod, nullable, object, ref, text } from "./schema.ts";
import { documentFaults, schemaCheck } from "./testing/index.ts";

const ROUTE: RouteDescription = {
  operationId: "putThing",
  tag: "Things",
  summary: "Put a `thing`.",
  parameters: [{ in: "path", name: "id", description: "Which.", schema: text("Which.") }],
  body: { description: "It.", schema: ref("Thing") },
  answers: { 200: { description: "Put.", schema: object({ done: { type: "boolean" } }) } },
  refusals: ["GAP", "FORK", "NOT_FOUND"],
  examples: [
    { summary: "One thing", parameters: { id: "a" }, body: { size: 1 }, status: 200 },
    { summary: "Nothing", parameters: { id: "b" }, body: { size: 0 }, invalid: true, status: 404 },
  ],
};
const refusal = (code: string) => ({ error: { code, message: "No.", retryable: false } });

function api(route: Partial<RouteDescription> = {}, more: Partial<Api> = {}): Api {
  return {
    title: "Things",
    version: "1.0.0",
    description: "Everything.",
    tags: [{ name: "Things", description: "All of them." }],
    routes: { "PUT /things/:id": { ...ROUTE, ...route } },
    accessOf: () => ({ says: "Anyone.", key: "never" }),
    refusalsOf: () => ["UNAVAILABLE"],
    keyDescription: "A key.",
    schemas: { Thing: fromZod(z.strictObject({ size: z.int().min(1), at: z.iso.date().optional() })) },
    answers: {
      routes: { "PUT /things/:id": { "One thing": { done: true }, Nothing: refusal("NOT_FOUND") } },
      refusals: { GAP: refusal("GAP"), FORK: refusal("FORK"), UNAVAILABLE: refusal("UNAVAILABLE") },
    },
    ...more,
  };
}
const faults = (route: Partial<RouteDescription> = {}, more: Partial<Api> = {}, routes = ["PUT /things/:id"]) =>
  documentFaults(buildDocument(api(route, more)), routes);

describe("buildDocument", () => {
  it("groups refusals by status, with an example for each code", () => {
    const { responses, parameters, requestBody } = buildDocument(api()).paths["/things/{id}"]?.put ?? {};
    expect(Object.keys(responses ?? {})).toEqual(["200", "404", "409", "503"]);
    expect(Object.keys(responses?.["409"]?.content["application/json"]?.examples ?? {})).toEqual(["GAP", "FORK"]);
    expect(Object.keys(responses?.["404"]?.content["application/json"]?.examples ?? {})).toEqual(["Nothing"]);
    expect(parameters).toMatchObject([{ name: "id", required: true, example: "a" }]);
    expect(Object.keys(requestBody?.content["application/json"]?.examples ?? {})).toEqual(["One-thing"]);
  });

  it("makes schemas of what is parsed with", () => {
    expect(buildDocument(api()).components.schemas.Thing).toEqual({
      type: "object",
      properties: {
        size: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
        at: { type: "string", format: "date" },
      },
      required: ["size"],
      additionalProperties: false,
    });
  });
});

describe("documentFaults", () => {
  it("finds nothing wrong with a whole description", async () => {
    expect(await faults()).toEqual([]);
  });

  it.each([
    ["a route that is not described", faults({}, {}, ["PUT /things/:id", "GET /things"]), "GET /things is missing"],
    ["a route that does not exist", faults({}, {}, []), "PUT /things/{id} does not exist"],
    [
      "a status that no code has",
      faults({ answers: { ...ROUTE.answers, 418: { description: "?", schema: {} } } }),
      "418",
    ],
    ["an answer without an example", faults({}, { answers: { routes: {}, refusals: {} } }), "200 has no example"],
    [
      "an example against its schema",
      faults({ examples: [{ ...ROUTE.examples[0], summary: "One thing", body: { size: "big" }, status: 200 }] }),
      'body, "One thing": value/size must be integer',
    ],
    [
      "an answer with a field that is not described",
      faults(
        {},
        { answers: { ...api().answers, routes: { "PUT /things/:id": { "One thing": { done: true, more: 1 } } } } },
      ),
      "must NOT have additional properties",
    ],
    [
      "what is no OpenAPI",
      faults({
        parameters: [{ ...ROUTE.parameters?.[0], in: "body" as "path", name: "id", description: "", schema: {} }],
      }),
      "no OpenAPI",
    ],
  ])("finds %s", async (_name, found, expected) => {
    expect((await found).join("\n")).toContain(expected);
  });
});

it("a nullable schema takes null and what it took before", () => {
  const check = schemaCheck(buildDocument(api()));
  for (const schema of [text("A text."), ref("Thing"), { type: "string", enum: ["a"] }]) {
    expect(check(nullable(schema), null)).toBeUndefined();
    expect(check(nullable(schema), 5)).toBeDefined();
  }
});

it("a page escapes what stands in a description", () => {
  const { html } = htmlPage(buildDocument(api({ summary: "<script>alert(1)</script> & `x`" })), '/"');
  expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt; &amp; <code>x</code>");
  expect(html).not.toContain("<script");
  expect(html).toContain('href="/&quot;"');
  expect(html).toContain('<a href="#schema-Thing">Thing</a>');
});
