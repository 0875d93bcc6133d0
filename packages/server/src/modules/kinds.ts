import { isModule, MODULE_ORDER, MODULES, type ModuleName, SyncError } from "@tillsync/protocol";

/** Which modules a kind of terminal gets. A kind that is not named gets all of them. */
export type ModulesOfKinds = Readonly<Record<string, readonly string[]>>;

/** Displays show names and follow settings; nobody sells on them. */
export const DEFAULT_KINDS: ModulesOfKinds = {
  "kitchen-display": ["items", "settings"],
  "customer-display": ["items", "settings"],
};

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
