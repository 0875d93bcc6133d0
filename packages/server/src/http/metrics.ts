import { monitorEventLoopDelay } from "node:perf_hooks";
import { type ErrorCode, type ExchangeRequest, type ExchangeResponse, isKind } from "@tillsync/protocol";
import type pg from "pg";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { UnsettledCounts } from "../ledger/unsettled.ts";

/** What the doors tell the monitors of. Labels come from closed lists only: kinds, codes, outcomes; never from a caller. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** An exchange was answered; `answer` is missing when it was refused. */
  exchanged(request: ExchangeRequest, ms: number, answer?: ExchangeResponse): void;
  /** A whole document of a device of another make was taken, or not. */
  synced(what: "order" | "transaction" | "inventory", result: "inserted" | "in sync" | "conflict" | "refused"): void;
  refused(code: ErrorCode): void;
  stop(): void;
}

/** From an exchange on a quick machine to one that runs into the till's deadline. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const EVENT_LOOP_RESOLUTION_MS = 20;
const NS = 1e9;

/** @param unsettled what waits at the centre; undefined when the database did not say */
export function centreMetrics(pool: pg.Pool, unsettled: () => Promise<UnsettledCounts | undefined>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers });
  const exchanges = counter("tillsync_exchanges_total", "Exchanges of tills, by how they ended.", ["outcome"]);
  const stored = counter(
    "tillsync_changes_stored_total",
    "Changes that tills sent and that are stored. What is sent again is counted again.",
    ["kind"],
  );
  const synced = counter("tillsync_documents_synced_total", "Whole documents that devices of other makes sent.", [
    "what",
    "result",
  ]);
  const refusals = counter("tillsync_refusals_total", "Requests that were refused, by error code.", ["code"]);
  const duration = new Histogram({
    name: "tillsync_exchange_duration_seconds",
    help: "How long exchanges took at this server.",
    labelNames: ["outcome"] as const,
    buckets: SECONDS,
    registers,
  });
  const stopWatching = showProcess(registers, pool);
  const showUnsettled = unsettledGauge(registers);
  return {
    contentType: registry.contentType,
    text: async () => {
      showUnsettled(await unsettled());
      return registry.metrics();
    },
    exchanged: (request, ms, answer) => {
      const outcome = answer === undefined ? "refused" : "ok";
      exchanges.inc({ outcome });
      duration.observe({ outcome }, ms / 1000);
      if (answer === undefined) return;
      for (const [kind, count] of kindsOf(request, answer.durableThrough)) stored.inc({ kind }, count);
    },
    synced: (what, result) => synced.inc({ what, result: result.replace(" ", "-") }),
    refused: (code) => refusals.inc({ code }),
    stop: stopWatching,
  };
}

function unsettledGauge(registers: Registry[]): (counts: UnsettledCounts | undefined) => void {
  const gauge = new Gauge({
    name: "tillsync_unsettled_changes",
    help: "Changes that are stored and not applied, of all stores; absent while the database does not say.",
    labelNames: ["effect"] as const,
    registers,
  });
  return (counts) => {
    gauge.reset();
    for (const [effect, count] of Object.entries(counts ?? {})) gauge.set({ effect }, count);
  };
}

/** Connections, memory and how long the one thread keeps others waiting, read when somebody asks. */
function showProcess(registers: Registry[], pool: pg.Pool): () => void {
  const delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  delay.enable();
  new Gauge({
    name: "tillsync_pool_connections",
    help: "Connections to PostgreSQL: busy, idle, and requests that wait for one.",
    labelNames: ["state"] as const,
    registers,
    collect() {
      this.set({ state: "busy" }, pool.totalCount - pool.idleCount);
      this.set({ state: "idle" }, pool.idleCount);
      this.set({ state: "waiting" }, pool.waitingCount);
    },
  });
  new Gauge({
    name: "tillsync_event_loop_delay_seconds",
    help: "How late the event loop was since it was last asked for.",
    labelNames: ["quantile"] as const,
    registers,
    collect() {
      for (const percentile of [50, 99]) {
        this.set({ quantile: String(percentile / 100) }, delay.percentile(percentile) / NS);
      }
      this.set({ quantile: "1" }, delay.count === 0 ? 0 : delay.max / NS);
      delay.reset();
    },
  });
  new Gauge({
    name: "tillsync_resident_memory_bytes",
    help: "Memory of this process.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  return () => {
    delay.disable();
  };
}

/**
 * The kinds of what an answer says is stored. In a canonical body the envelope's `kind` comes before everything that a
 * till or a person wrote, so it is found without reading the body a second time.
 */
function kindsOf({ changes, fromSeq }: ExchangeRequest, durableThrough: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { body } of changes.slice(0, Math.max(0, durableThrough - fromSeq + 1))) {
    const found = /"kind":"([a-z.]+)"/.exec(body.slice(0, 200))?.[1] ?? "";
    const kind = isKind(found) ? found : "other";
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
