import type { z } from "zod";
import { SyncError } from "../errors.ts";
import { customerRow, itemBarcodeRow, itemRow, offerRow, priceRow, settingRow, taxRow, userRow } from "./rows.ts";

/** One kind of reference data: what must be there before it, the form of its rows, and which fields name rows of others. */
export interface Module {
  readonly dependsOn: readonly string[];
  readonly schema: z.ZodType;
  /** Fields with the id of a row of another module, or a list of them. What they name may be missing; it is counted. */
  readonly references: Readonly<Record<string, string>>;
}

/** The modules of requirement 003, by name. */
export const MODULES = {
  items: { dependsOn: [], schema: itemRow, references: { taxId: "taxes" } },
  itemBarcodes: { dependsOn: ["items"], schema: itemBarcodeRow, references: { itemId: "items" } },
  prices: { dependsOn: ["items"], schema: priceRow, references: { itemId: "items" } },
  taxes: { dependsOn: [], schema: taxRow, references: {} },
  customers: { dependsOn: [], schema: customerRow, references: {} },
  offers: {
    dependsOn: ["items", "customers"],
    schema: offerRow,
    references: { itemIds: "items", customerIds: "customers" },
  },
  users: { dependsOn: [], schema: userRow, references: {} },
  settings: { dependsOn: [], schema: settingRow, references: {} },
} as const satisfies Record<string, Module>;

export type ModuleName = keyof typeof MODULES;

/** A row of a module, as it is kept and travels. */
export type RowOf<M extends ModuleName> = z.infer<(typeof MODULES)[M]["schema"]>;

/** Whose rows: the organization's, which every store has, or one store's own, which hide those of the same id. */
export const SCOPES = ["organization", "store"] as const;

export type Scope = (typeof SCOPES)[number];

/** True of the name of a module. */
export function isModule(name: unknown): name is ModuleName {
  return typeof name === "string" && Object.hasOwn(MODULES, name);
}

/**
 * The names in an order in which each comes after what it depends on; otherwise as they stand.
 *
 * @throws SyncError CONFIG_INVALID for a dependency that is no module, and for a cycle, which it names
 */
export function pullOrder<Name extends string>(modules: Readonly<Record<Name, Pick<Module, "dependsOn">>>): Name[] {
  const order: Name[] = [];
  const visit = (name: Name, path: readonly Name[]): void => {
    if (order.includes(name)) return;
    if (path.includes(name)) throw invalid(name, `no cycle, and ${[...path, name].join(" -> ")} is one`);
    for (const parent of modules[name].dependsOn) {
      if (!Object.hasOwn(modules, parent)) throw invalid(name, `on modules only, and ${parent} is none`);
      visit(parent as Name, [...path, name]);
    }
    order.push(name);
  };
  for (const name of Object.keys(modules) as Name[]) visit(name, []);
  return order;
}

/** All modules in an order to pull them in. That it is made as this file loads is what refuses a cycle at start. */
export const MODULE_ORDER: readonly ModuleName[] = pullOrder(MODULES);

function invalid(name: string, expected: string): SyncError {
  return new SyncError("CONFIG_INVALID", `The module ${name} must depend ${expected}.`, {
    field: `${name}.dependsOn`,
    expected,
  });
}
