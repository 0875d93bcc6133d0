export type {
  Answer,
  Example,
  JsonSchema,
  OpenApi,
  Parameter,
  RecordedAnswers,
  RequestBody,
  RouteDescription,
} from "./description.ts";
export { type Api, buildDocument, pathOf } from "./document.ts";
export { INVENTORY_EVENT_SCHEMAS } from "./inventory-event-schemas.ts";
export { htmlPage } from "./page.ts";
export { anyOf, fromZod, listOf, nullable, object, ref, text } from "./schema.ts";
