import { FRESH_LANE, type LaneState } from "@tillsync/lanes";
import type { GatewayModule, ModuleName, Scope } from "@tillsync/protocol";
import type { Copy, Phase } from "./copy.ts";
import { copyKey } from "./plan.ts";

/** One module in one scope, as this till has it. */
export interface ModuleStatus {
  readonly module: ModuleName;
  readonly scope: Scope;
  /** `current`: as head office had it when it was asked last. `waiting`: for its turn, or for what it depends on. */
  readonly state: "absent" | "waiting" | "pulling" | "retrying" | "current";
  /** Version and rows of the copy that is read. */
  readonly n: number;
  readonly rows: number;
  readonly lastPulledAt: string | null;
  /** It is newer than what head office has since it was restored: this till keeps it until head office has said what holds. */
  readonly kept: boolean;
  /** How far the next copy has come. */
  readonly progress: { readonly phase: Phase; readonly rows: number; readonly of: number } | null;
  readonly failures: number;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly nextAttemptAt: string | null;
}

export interface ModulesStatus {
  /** The worst of all modules, in one word. */
  readonly state: ModuleStatus["state"];
  readonly lastAskedAt: string | null;
  readonly nextAskAt: string | null;
  /** Why head office could not be asked for news. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly modules: readonly ModuleStatus[];
}

/** What a look at the till shows of all modules together. */
export interface ModulesSummary {
  readonly state: ModuleStatus["state"];
  /** Names of the copies that are being fetched, such as `items.organization`. */
  readonly pulling: readonly string[];
  /** Rows of their next copies that are here, and rows that are expected. */
  readonly rows: number;
  readonly of: number;
  readonly lastAskedAt: string | null;
}

export const NO_MODULES: ModulesSummary = { state: "absent", pulling: [], rows: 0, of: 0, lastAskedAt: null };

export function summaryOf({ state, lastAskedAt, modules }: ModulesStatus): ModulesSummary {
  const under = modules.filter((each) => each.progress !== null);
  const sum = (amounts: readonly number[]) => amounts.reduce((total, each) => total + each, 0);
  return {
    state,
    pulling: modules.filter((each) => each.state === "pulling").map(copyKey),
    rows: sum(under.map(({ progress }) => progress?.rows ?? 0)),
    of: sum(under.map(({ progress }) => progress?.of ?? 0)),
    lastAskedAt,
  };
}

export interface ModulesView {
  readonly copies: readonly Copy[];
  readonly targets: readonly GatewayModule[];
  readonly gateway: LaneState;
  readonly lanes: ReadonlyMap<string, LaneState>;
  readonly running: Pick<ReadonlySet<string>, "has">;
  readonly wallOf: (monotonicMs: number) => number;
}

export function modulesStatus(view: ModulesView): ModulesStatus {
  const { copies, targets, gateway, wallOf } = view;
  const known = new Map<string, Pick<Copy, "module" | "scope">>();
  for (const of of [...targets, ...copies]) known.set(copyKey(of), known.get(copyKey(of)) ?? of);
  const modules = [...known.values()].map((of) => moduleStatus(view, of));
  return {
    state: ORDER.find((state) => modules.some((each) => each.state === state)) ?? "absent",
    lastAskedAt: iso(gateway.lastSuccessAt),
    nextAskAt: targets.length > 0 || gateway.failures > 0 ? iso(wallOf(gateway.dueAtMs)) : null,
    error: gateway.error,
    modules,
  };
}

const ORDER: readonly ModuleStatus["state"][] = ["retrying", "pulling", "waiting", "current", "absent"];

function moduleStatus(view: ModulesView, { module, scope }: Pick<Copy, "module" | "scope">): ModuleStatus {
  const key = copyKey({ module, scope });
  const copy = view.copies.find((each) => copyKey(each) === key);
  const lane = view.lanes.get(key) ?? FRESH_LANE;
  const state = stateOf(view, key, copy, lane);
  const building = copy?.building ?? null;
  return {
    module,
    scope,
    state,
    n: copy?.n ?? 0,
    rows: copy?.rows ?? 0,
    lastPulledAt: iso(copy?.pulledAt ?? null),
    kept: view.targets.find((each) => copyKey(each) === key)?.history === "kept",
    progress: building && { phase: building.phase, rows: building.rows, of: copy?.expected ?? 0 },
    failures: lane.failures,
    error: lane.error,
    nextAttemptAt: state === "retrying" ? iso(view.wallOf(lane.dueAtMs)) : null,
  };
}

function stateOf(view: ModulesView, key: string, copy: Copy | undefined, lane: LaneState): ModuleStatus["state"] {
  if (view.running.has(key)) return "pulling";
  if (lane.failures > 0) return "retrying";
  const target = view.targets.find((each) => copyKey(each) === key);
  if (copy?.base == null) return target === undefined ? "absent" : "waiting";
  const isHeld = target === undefined || target.cursor === copy.cursor || target.history === "kept";
  return isHeld && (target === undefined || copy.building === null) ? "current" : "waiting";
}

function iso(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString();
}
