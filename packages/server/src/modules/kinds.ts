import { isModule, MODULE_ORDER, MODULES, type ModuleName, SyncError } from "@tillsync/protocol";
import type { Allowed } from "../ingest/narrowed.ts";

/** Which modules a kind of terminal gets. A kind that is not named gets all of them. */
export type ModulesOfKinds = Readonly<Record<string, readonly string[]>>;

/** Displays show names and follow settings; nobody sells on them. */
export const DEFAULT_KINDS: ModulesOfKinds = {
  "kitchen-display": ["items", "settings"],
  "customer-display": ["items", "settings"],
};

/** What a kind of terminal is told of others at most. A kind that is not named may be told everything of its store. */
export type FeedsOfKinds = Readonly<Record<string, string>>;

/** A kitchen follows open orders. A customer display shows its own till's, which comes over the shop's own network. */
export const DEFAULT_FEEDS: FeedsOfKinds = { "kitchen-display": "open", "customer-display": "own" };

const ALLOWED: ReadonlySet<string> = new Set<Allowed>(["store", "open", "own"]);

/**
 * Reads what an operator chose, on top of the defaults.
 *
 * @throws SyncError CONFIG_INVALID for what is no scope of the feed
 */
export function feedsOfKinds(chosen: FeedsOfKinds = {}): (kind: string) => Allowed {
  const kinds = new Map(Object.entries({ ...DEFAULT_FEEDS, ...chosen }));
  for (const [kind, feed] of kinds) {
    if (ALLOWED.has(feed)) continue;
    const expected = "store, open or own";
    const message = `What terminals of kind ${kind} are told must be ${expected}; got ${feed}.`;
    throw new SyncError("CONFIG_INVALID", message, { field: `feeds.${kind}`, expected, got: feed });
  }
  return (kind) => (kinds.get(kind) ?? "store") as Allowed;
}

/**
 * Reads what an operator chose, on top of the defaults.
 *
 * @throws SyncError CONFIG_INVALID for a name that is no module, and for a module without what it depends on
 */
export function modulesOfKinds(chosen: ModulesOfKinds = {}): (kind: string) => readonly ModuleName[] {
  const kinds = new Map<string, readonly ModuleName[]>();
  for (const [kind, names] of Object.entries({ ...DEFAULT_KINDS, ...chosen })) {
    for (const name of names) check(kind, name, names);
    kinds.set(
      kind,
      MODULE_ORDER.filter((module) => names.includes(module)),
    );
  }
  return (kind) => kinds.get(kind) ?? MODULE_ORDER;
}

function check(kind: string, name: string, names: readonly string[]): void {
  if (!isModule(name)) throw invalid(kind, `names of modules (${MODULE_ORDER.join(", ")})`, name);
  const lacking = MODULES[name].dependsOn.find((parent) => !names.includes(parent));
  if (lacking !== undefined) throw invalid(kind, `${lacking} as well, on which ${name} depends`, names.join(", "));
}

function invalid(kind: string, expected: string, got: string): SyncError {
  return new SyncError("CONFIG_INVALID", `The modules of kind ${kind} must be ${expected}; got ${got}.`, {
    field: `modules.${kind}`,
    expected,
    got,
  });
}
