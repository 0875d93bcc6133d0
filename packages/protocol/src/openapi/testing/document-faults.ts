import { Validator } from "@seriousme/openapi-schema-validator";
import { ERROR_CODES } from "../../errors.ts";
import type { OpenApi, RouteDescription } from "../description.ts";
import { pathOf } from "../document.ts";
import { schemaCheck } from "./schema-check.ts";

/**
 * What is wrong with a description of an API: it is no OpenAPI 3.1, a route is missing or too many, a status is nobody's,
 * a body or an answer has no example, or an example is against its schema.
 *
 * @param routes every route that there is: `GET /api/orders/:localId`
 */
export async function documentFaults(document: OpenApi, routes: readonly string[]): Promise<string[]> {
  const valid = await new Validator().validate(JSON.parse(JSON.stringify(document)) as Record<string, unknown>);
  const told = operationsOf(document);
  const names = new Map(routes.map((route) => [pathOf(route), route]));
  const ids = told.map(({ operation }) => operation.operationId);
  return [
    ...(valid.valid ? [] : [`no OpenAPI: ${JSON.stringify(valid.errors)}`]),
    ...[...names.keys()].filter((name) => !told.some((one) => one.name === name)).map((name) => `${name} is missing`),
    ...told.filter(({ name }) => !names.has(name)).map(({ name }) => `${name} does not exist`),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `operationId ${id} twice`),
    ...told.flatMap((one) => statusFaults(one)),
    ...told.flatMap((one) => exampleFaults(document, one)),
  ];
}

type Told = ReturnType<typeof operationsOf>[number];

function operationsOf(document: OpenApi) {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );
}

const REFUSED = new Set<number>(Object.values(ERROR_CODES).map(({ status }) => status));

function statusFaults({ name, operation }: Told): string[] {
  const statuses = Object.keys(operation.responses).map(Number);
  const strange = statuses.filter((status) => !(status >= 200 && status < 300) && !REFUSED.has(status));
  return [
    ...strange.map((status) => `${name} may answer ${status}, which no code has`),
    ...(statuses.some((status) => status < 300) ? [] : [`${name} never succeeds`]),
  ];
}

function exampleFaults(document: OpenApi, { name, operation }: Told): string[] {
  const check = schemaCheck(document, "closed");
  const places = [
    ...(operation.requestBody ? [{ place: `${name} body`, content: operation.requestBody.content }] : []),
    ...Object.entries(operation.responses).map(([status, { content }]) => ({ place: `${name} ${status}`, content })),
  ];
  return places.flatMap(({ place, content }) => {
    const { schema, examples = {} } = content["application/json"] ?? {};
    if (schema === undefined) return [];
    if (Object.keys(examples).length === 0) return [`${place} has no example`];
    return Object.values(examples).flatMap(({ summary, value }) => {
      const fault = check(schema, value);
      return fault === undefined ? [] : [`${place}, "${summary}": ${fault}`];
    });
  });
}

/** Bodies in the examples that are against the schema without saying so, or the other way round. */
export function bodyFaults(document: OpenApi, routes: Readonly<Record<string, RouteDescription>>): string[] {
  const check = schemaCheck(document);
  return Object.entries(routes).flatMap(([route, { body, examples }]) =>
    examples.flatMap((example) => {
      if (example.body === undefined || body === undefined) return [];
      const fault = check(body.schema, example.body);
      if ((fault !== undefined) === (example.invalid === true)) return [];
      return [`${route}, "${example.summary}": ${fault ?? "is valid, though marked as not"}`];
    }),
  );
}
