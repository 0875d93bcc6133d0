import type { GatewayModule } from "@tillsync/protocol";

/** One copy as the plan sees it. Times are monotonic. */
export interface PullView {
  readonly module: string;
  readonly dependsOn: readonly string[];
  /** Something is left to fetch or to move. */
  readonly wants: boolean;
  readonly isRunning: boolean;
  readonly dueAtMs: number;
  /** It failed as often as is tried in a row, and there is a copy to go on with: nobody waits for it any longer. */
  readonly isGivenTime: boolean;
}

/** Copies that are pulled at once. Each holds two pages in memory. */
export const MAX_PULLS = 3;

/** The copies to begin now: due ones whose parents are there, in the order of the gateway, until enough are under way. */
export function toBegin<View extends PullView>(views: readonly View[], nowMs: number): View[] {
  const behind = new Set(views.filter(({ wants, isGivenTime }) => wants && !isGivenTime).map(({ module }) => module));
  const room = MAX_PULLS - views.filter(({ isRunning }) => isRunning).length;
  const due = views.filter(({ wants, isRunning, dueAtMs }) => wants && !isRunning && dueAtMs <= nowMs);
  return due.filter(({ dependsOn }) => !dependsOn.some((parent) => behind.has(parent))).slice(0, Math.max(0, room));
}

/** When to look again, if nothing happens before: the earliest copy that waits for its time. */
export function nextDueMs(views: readonly PullView[], nowMs: number): number {
  const later = views.filter(({ wants, isRunning, dueAtMs }) => wants && !isRunning && dueAtMs > nowMs);
  return Math.min(Number.POSITIVE_INFINITY, ...later.map(({ dueAtMs }) => dueAtMs));
}

/** Names one copy. */
export function copyKey({ module, scope }: Pick<GatewayModule, "module" | "scope">): string {
  return `${module}.${scope}`;
}
