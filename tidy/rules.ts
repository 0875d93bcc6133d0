import { noAmbientSources } from "./ambient.ts";
import { noConsole, noSwitchedOffTests } from "./habits.ts";
import {
  importDirection,
  noDeepImports,
  noNodeInPureCode,
  noPackageCycles,
  noTestCodeInProduct,
  onlyDeclaredImports,
} from "./import-rules.ts";
import { declaredNames, pathNames } from "./names.ts";
import { fileSize, functionSize } from "./sizes.ts";
import type { Rule } from "./source.ts";

/** Style as a test. Each rule is a pure function of the files; its reason stands where it is written. */
export const RULES: Readonly<Record<string, Rule>> = {
  "packages import in one direction": importDirection,
  "no import reaches past a package's exports": noDeepImports,
  "pure code uses no Node API": noNodeInPureCode,
  "every import is declared in package.json": onlyDeclaredImports,
  "product code imports no test code": noTestCodeInProduct,
  "packages form no cycle": noPackageCycles,
  "files have at most 400 lines": fileSize,
  "functions have at most 70 lines": functionSize,
  "time, chance and network come through ports": noAmbientSources,
  "files and folders have names that say what is in them": pathNames,
  "types and functions have names that say what they are": declaredNames,
  "only programs print": noConsole,
  "no test is switched off": noSwitchedOffTests,
};
