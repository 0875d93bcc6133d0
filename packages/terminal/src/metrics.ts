import type { Attempt, ModulesStatus, Terminal, TerminalEvent, TerminalStatus } from "@tillsync/engine";
import { BREAKER, type Breaker } from "@tillsync/lanes";
import { isErrorCode } from "@tillsync/protocol";
import { Counter, Gauge, Registry, Summary } from "prom-client";

/** What a monitor reads of this till, as text. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** Stops listening to the terminal. */
  stop(): void;
}

const LANE_STATES = ["pending", "sending", "retrying", "parked", "settled"] as const;
const WAYS = ["unknown", "online", "degraded", "offline"] as const;
const BREAKERS = Object.keys(BREAKER) as Breaker[];
const LIGHTS = ["green", "yellow", "red"] as const;

/** Percentiles are of the last ten minutes: what a person who looks now wants to know. */
const WINDOW = { percentiles: [0.5, 0.9, 0.99], maxAgeSeconds: 600, ageBuckets: 5 };

/**
 * Counts this terminal's attempts from now on, and reads the rest from its status when asked. Every label has a closed
 * list of values: lanes, kinds, codes, states. `docs/operating.md` has the list; a test compares the two.
 */
export function watchTerminal(terminal: Terminal, wallMs: () => number): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const attempts = new Counter({
    name: "tillsync_sync_attempts_total",
    help: "Attempts to reach a target since this process started, idle polls included.",
    labelNames: ["lane", "outcome"] as const,
    registers,
  });
  const failures = new Counter({
    name: "tillsync_sync_failures_total",
    help: "Failed attempts since this process started, by error code.",
    labelNames: ["lane", "code"] as const,
    registers,
  });
  const duration = new Summary({
    name: "tillsync_sync_duration_seconds",
    help: "How long attempts took: sum and count since the start, percentiles of the last ten minutes.",
    labelNames: ["lane"] as const,
    ...WINDOW,
    registers,
  });
  const recorded = new Counter({
    name: "tillsync_recorded_total",
    help: "Changes recorded on this till since this process started.",
    labelNames: ["kind"] as const,
    registers,
  });
  const count = ({ lane, outcome, code, durationMs }: Attempt) => {
    attempts.inc({ lane, outcome });
    if (outcome === "failed") failures.inc({ lane, code: code !== null && isErrorCode(code) ? code : "INTERNAL" });
    duration.observe({ lane }, durationMs / 1000);
  };
  const stop = terminal.subscribe((event: TerminalEvent) => {
    if (event.type === "attempt") count(event.attempt);
    else if (event.type === "recorded" && !event.recorded.duplicate) recorded.inc({ kind: event.recorded.kind });
  });
  const show = showStatus(registers, wallMs);
  const showModules = modulesGauges(registers);
  return {
    contentType: registry.contentType,
    text: () => {
      const status = terminal.status();
      show(status);
      if (status.stopped === null) showModules(terminal.modules());
      return registry.metrics();
    },
    stop,
  };
}

/** Gauges of a status, set when somebody asks. */
function showStatus(registers: Registry[], wallMs: () => number): (status: TerminalStatus) => void {
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const up = gauge("tillsync_up", "1 while the till can sell, 0 when its database failed.");
  const connectivity = gauge("tillsync_connectivity", "1 for how the way to the target is.", ["target", "state"]);
  const breaker = gauge("tillsync_breaker_state", "1 for the state of the lane's breaker.", ["lane", "state"]);
  const stalls = gauge("tillsync_stalls", "How often the watchdog had to set the lane going again since the start.", [
    "lane",
  ]);
  const waiting = gauge("tillsync_pending_documents", "Documents that head office lacks.", ["kind"]);
  const failed = gauge("tillsync_failed_documents", "Documents that head office has and did not apply.", ["kind"]);
  const pending = gauge("tillsync_pending_changes", "Changes that the target lacks.", ["lane"]);
  const age = gauge("tillsync_oldest_pending_age_seconds", "How long the oldest of them waits; 0 for none.", ["lane"]);
  const exceptions = gauge("tillsync_exceptions", "Changes that head office has and did not apply yet.");
  const state = gauge("tillsync_lane_state", "1 for the state the lane is in.", ["lane", "state"]);
  const inARow = gauge("tillsync_lane_failures", "Failed attempts in a row.", ["lane"]);
  const badge = gauge("tillsync_lane_badge", "1 when the lane failed so often that a person should know.", ["lane"]);
  const last = gauge("tillsync_last_success_timestamp_seconds", "When the target last answered, Unix time.", ["lane"]);
  const light = gauge("tillsync_light", "1 for the colour of the light.", ["color"]);
  const synced = new Counter({
    name: "tillsync_synced_total",
    help: "Documents that head office has and could use, of all time.",
    labelNames: ["kind"] as const,
    registers,
  });
  return (status) => {
    up.set(status.stopped ? 0 : 1);
    for (const { target, state: now } of status.connectivity)
      for (const one of WAYS) connectivity.set({ target, state: one }, one === now ? 1 : 0);
    const { syncedOrders, syncedTransactions, syncedInventory } = status;
    // The till counts them itself, across restarts; a counter is set by starting it anew.
    synced.reset();
    synced.inc({ kind: "order" }, syncedOrders);
    synced.inc({ kind: "transaction" }, syncedTransactions);
    synced.inc({ kind: "inventory" }, syncedInventory);
    const { pendingOrders, pendingTransactions, pendingInventory } = status;
    each(waiting, { order: pendingOrders, transaction: pendingTransactions, inventory: pendingInventory });
    const { failedOrders, failedTransactions, failedInventory } = status;
    each(failed, { order: failedOrders, transaction: failedTransactions, inventory: failedInventory });
    exceptions.set(status.exceptions);
    for (const color of LIGHTS) light.set({ color }, color === status.light ? 1 : 0);
    const { oldestAt = null } = status.queue.find(({ queueType }) => queueType === "CentralSync") ?? {};
    for (const lane of status.lanes) {
      const labels = { lane: lane.name };
      pending.set(labels, lane.pending);
      age.set(labels, oldestAt === null ? 0 : Math.max(0, (wallMs() - Date.parse(oldestAt)) / 1000));
      for (const one of LANE_STATES) state.set({ ...labels, state: one }, one === lane.state ? 1 : 0);
      for (const one of BREAKERS) breaker.set({ ...labels, state: one }, one === lane.breaker ? 1 : 0);
      stalls.set(labels, lane.stalls);
      inARow.set(labels, lane.failures);
      badge.set(labels, lane.badge ? 1 : 0);
      if (lane.lastSuccessAt !== null) last.set(labels, Date.parse(lane.lastSuccessAt) / 1000);
    }
  };
}

const MODULE_STATES = ["absent", "waiting", "pulling", "retrying", "current"] as const;

/** Gauges of reference data. */
function modulesGauges(registers: Registry[]): (status: ModulesStatus) => void {
  const labelNames = ["module", "scope"] as const;
  const rows = new Gauge({
    name: "tillsync_module_rows",
    help: "Rows of the copy of reference data that is read.",
    labelNames,
    registers,
  });
  const pulled = new Gauge({
    name: "tillsync_module_pulled_timestamp_seconds",
    help: "When that copy became what is read, Unix time.",
    labelNames,
    registers,
  });
  const state = new Gauge({
    name: "tillsync_module_state",
    help: "1 for how the copy stands.",
    labelNames: [...labelNames, "state"] as const,
    registers,
  });
  return ({ modules }) => {
    for (const { module, scope, ...copy } of modules) {
      rows.set({ module, scope }, copy.rows);
      if (copy.lastPulledAt !== null) pulled.set({ module, scope }, Date.parse(copy.lastPulledAt) / 1000);
      for (const one of MODULE_STATES) state.set({ module, scope, state: one }, one === copy.state ? 1 : 0);
    }
  };
}

function each(gauge: Gauge<"kind">, values: Readonly<Record<string, number>>): void {
  for (const [kind, value] of Object.entries(values)) gauge.set({ kind }, value);
}
