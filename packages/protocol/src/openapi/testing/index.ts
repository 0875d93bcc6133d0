export { bodyFaults, documentFaults } from "./document-faults.ts";
export { type SchemaCheck, schemaCheck } from "./schema-check.ts";
