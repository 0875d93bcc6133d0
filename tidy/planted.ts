import { RULES } from "./rules.ts";
import type { SourceText } from "./source.ts";

/** Files of a made-up tree: text by path. */
export function tree(files: Readonly<Record<string, string>>): SourceText[] {
  return Object.entries(files).map(([path, text]) => ({ path, text }));
}

/** What a rule finds there, as `path:line`. */
export function findings(rule: string, files: Readonly<Record<string, string>>): string[] {
  const check = RULES[rule];
  if (check === undefined) throw new Error(`no rule "${rule}"`);
  return check(tree(files)).map(({ path, line }) => `${path}:${line}`);
}
