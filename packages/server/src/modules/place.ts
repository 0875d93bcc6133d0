import type { ModuleName, Scope as ModuleScope } from "@tillsync/protocol";
import type { Scope } from "../ingest/ports.ts";

/** The store number under which rows of the whole organization are kept. */
export const ORGANIZATION = 0;

/** A module of one scope: which rows are meant. */
export interface Place {
  readonly orgId: number;
  /** 0: the organization's. */
  readonly storeId: number;
  readonly module: ModuleName;
}

/** The place of a module as a store, or somebody in it, names it. */
export function placeOf(store: Scope, module: ModuleName, scope: ModuleScope): Place {
  return { orgId: store.orgId, storeId: scope === "organization" ? ORGANIZATION : store.storeId, module };
}

export function scopeOf({ storeId }: Pick<Place, "storeId">): ModuleScope {
  return storeId === ORGANIZATION ? "organization" : "store";
}
