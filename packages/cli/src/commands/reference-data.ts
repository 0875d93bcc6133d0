import { setTimeout as wait } from "node:timers/promises";
import type { ModulesStatus, ModulesSummary } from "@tillsync/engine";
import { askJson, type Door } from "../http-door.ts";
import type { Output } from "../output.ts";

const LOOK_EVERY_MS = 500;

/** A pull that brings no row for so long is left to itself: it goes on, and `tillsync status` shows it. */
const PATIENCE_MS = 30_000;

/** How a till stands with reference data, in one sentence for people; undefined when there is nothing to tell. */
export function referenceLine({ state, pulling, rows, of, lastAskedAt }: ModulesSummary): string | undefined {
  const asked = lastAskedAt === null ? "" : `, asked ${lastAskedAt}`;
  switch (state) {
    case "absent":
      return undefined;
    case "current":
      return `reference data is current${asked}`;
    case "pulling":
      return `reference data: ${rows} of ${of} rows (${pulling.join(", ")})`;
    case "waiting":
      return "reference data: news waits for its turn";
    case "retrying":
      return `reference data: failed, tried again by itself${asked}; GET /api/modules says why`;
  }
}

/** Follows what Sync now began until nothing is left to fetch, or what is left waits for its next attempt. */
export async function followModules(local: Door, output: Output): Promise<ModulesStatus> {
  const begunAtMs = Date.now();
  let movedAtMs = begunAtMs;
  let shown = "";
  for (;;) {
    const status = await askJson<ModulesStatus>(local, "GET", "/api/modules");
    const text = progressOf(status);
    if (text !== shown) {
      movedAtMs = Date.now();
      if (text !== "") output.progress(`  ${text}`);
    }
    shown = text;
    const isAsked = status.lastAskedAt !== null && Date.parse(status.lastAskedAt) >= begunAtMs - LOOK_EVERY_MS;
    const isBusy = status.state === "pulling" || status.state === "waiting";
    if ((isAsked && !isBusy) || status.error !== null || Date.now() - movedAtMs > PATIENCE_MS) return status;
    await wait(LOOK_EVERY_MS);
  }
}

function progressOf({ modules }: ModulesStatus): string {
  return modules
    .flatMap(({ module, scope, progress }) =>
      progress ? [`${module} (${scope}) ${progress.rows} of ${progress.of}`] : [],
    )
    .join(", ");
}

/** What `tillsync sync` says of it in the end. */
export function pulledLine({ state, error, modules }: ModulesStatus): string {
  if (error !== null) return `reference data: head office was not asked: ${error.message}`;
  const rows = modules.reduce((sum, each) => sum + each.rows, 0);
  const failed = modules.find((each) => each.error !== null);
  if (failed?.error) return `reference data: ${failed.module} failed, and is tried again: ${failed.error.message}`;
  return state === "current"
    ? `reference data is current, ${rows} rows`
    : `reference data: ${state}, ${rows} rows so far`;
}
