import { z } from "zod";
import { hash, uuid } from "../ids.ts";
import { MODULES, type ModuleName, SCOPES, type Scope } from "./modules.ts";

const moduleName = z.enum(Object.keys(MODULES) as [ModuleName, ...ModuleName[]], "the name of a module");

const scope = z.enum(SCOPES, "organization or store");

/** Opaque: kept and sent back as it came. Proves which history of the module it belongs to. */
export const moduleCursor = z.string().min(1).max(256);

/** Where a module of one scope stands. */
const standing = {
  module: moduleName,
  scope,
  /** Another one means another history: every cursor of the old one answers 410 `FEED_RESET`. */
  epoch: uuid,
  /** Rises by one for each import or edit, without gaps. */
  n: z.int().min(0),
  /** Rows of the whole module, without tombstones. */
  rows: z.int().min(0),
  /** Sum of their hashes (`ModuleHash`). */
  hash,
  cursor: moduleCursor,
};

/** One module and scope in the answer of the gateway. */
export const gatewayModule = z.strictObject({
  ...standing,
  dependsOn: z.array(moduleName),
  /** Bytes of the whole module, unpacked: its rows' texts and a line feed each. */
  bytes: z.int().min(0),
  /** Rows and tombstones to fetch from the cursor that was sent; all rows when there was none, or it fits no more. */
  news: z.int().min(0),
  /**
   * Of a cursor under a former epoch of this centre. `shared`: it holds, and what changed since can be asked for. `kept`: the
   * centre was restored to before it; the copy is newer and stays, until head office has said what holds.
   */
  history: z.enum(["shared", "kept"]).optional(),
});

/** `GET /api/sync/gateway`: the modules that this terminal should have, each after what it depends on. */
export const gatewayAnswer = z.strictObject({ modules: z.array(gatewayModule) });

/** First line of a page of `GET /api/sync/modules/{module}`; then one canonical row or tombstone a line. */
export const pageHeader = z.strictObject({
  ...standing,
  /** `snapshot`: rows in the order of their keys. `delta`: what changed since a cursor, each row once. */
  kind: z.enum(["snapshot", "delta"]),
  /** What to send as `after` for the next page; null when this is the last one. */
  next: z.string().min(1).max(1024).nullable(),
});

export type GatewayModule = z.infer<typeof gatewayModule>;
export type GatewayAnswer = z.infer<typeof gatewayAnswer>;
export type PageHeader = z.infer<typeof pageHeader>;

/** A module as a terminal has it, for the gateway's `have`. */
export interface Have {
  readonly module: ModuleName;
  readonly scope: Scope;
  readonly cursor: string;
}

/** `have` of the gateway: `<module>.<scope>.<cursor>`. */
export function formatHave({ module, scope, cursor }: Have): string {
  return `${module}.${scope}.${cursor}`;
}

/** Undefined for what `formatHave` does not write; the module or scope may then be one of a later version. */
export function parseHave(text: string): Have | undefined {
  const [name, scopeName, ...cursor] = text.split(".");
  const module = moduleName.safeParse(name);
  const scoped = scope.safeParse(scopeName);
  if (!module.success || !scoped.success || cursor.length === 0) return undefined;
  return { module: module.data, scope: scoped.data, cursor: cursor.join(".") };
}
