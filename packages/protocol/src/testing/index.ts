export { countOf } from "./count-of.ts";
export * from "./fuzz/index.ts";
export { type Golden, goldenBody, readGolden } from "./golden.ts";
