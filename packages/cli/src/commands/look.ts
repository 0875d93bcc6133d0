import type { Explanation, SyncResult, TerminalStatus } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { Found } from "@tillsync/server";
import type { Command } from "commander";
import { askJson } from "../http-door.ts";
import { type Output, outputOf, table } from "../output.ts";
import { DEMO_DATA_DIR, type TargetOptions, type TillTarget, tillTargets } from "../targets.ts";
import { followModules, pulledLine, referenceLine } from "./reference-data.ts";
import { retiredLine } from "./retired-line.ts";

type LookOptions = TargetOptions & { json?: boolean };

/** A command that asks running tills: those of the demo, or the one of a configuration. */
export function looking(program: Command, name: string): Command {
  return program
    .command(name)
    .option("--data-dir <folder>", "folder of the demo", DEMO_DATA_DIR)
    .option("--terminal <id>", "only this terminal, such as T01")
    .option("--config <file>", "the terminal of this configuration instead of the demo's")
    .option("--json", "the answer as JSON");
}

export function statusCommand(program: Command): void {
  looking(program, "status")
    .summary("how each till stands: light, pending, last success, last error")
    .addHelpText("after", "\nExample:\n  tillsync status --json")
    .action(async (options: LookOptions) => {
      const output = outputOf(options);
      const all = await Promise.all(
        (await tillTargets(options)).map(({ local }) => askJson<TerminalStatus>(local, "GET", "/api/status")),
      );
      output.value(all);
      const rows = all.map(({ shortId, light, pending, exceptions, headSeq, shift }) => [
        shortId,
        light,
        String(pending),
        String(exceptions),
        String(headSeq),
        shift ? `${shift.operator} ${shift.businessDate}` : "closed",
      ]);
      output.line(table([["till", "light", "pending", "exceptions", "changes", "shift"], ...rows], [2, 3, 4]));
      for (const { shortId, text, modules, retired } of all) {
        output.line(`  ${shortId}: ${text}`);
        for (const line of [referenceLine(modules), retiredLine(retired)])
          if (line !== undefined) output.line(`  ${shortId}: ${line}`);
      }
    });
}

export function syncCommand(program: Command): void {
  looking(program, "sync")
    .summary("send everything up to here and fetch what is new, now")
    .addHelpText("after", "\nExample:\n  tillsync sync --terminal T01")
    .action(async (options: LookOptions) => {
      const output = outputOf(options);
      const results = [];
      for (const { shortId, local } of await tillTargets(options)) {
        const result = await askJson<SyncResult>(local, "POST", "/api/sync/now", {});
        const modules = await followModules(local, output);
        results.push({ shortId, ...result, modules });
        output.line(
          `${shortId}: ${result.sent} sent, ${result.left} left${kinds(result.leftByKind)}${result.reason ? `: ${result.reason.message}` : ""}`,
        );
        output.line(`${shortId}: ${pulledLine(modules)}`);
      }
      output.value(results);
      if (results.some(({ left }) => left > 0)) process.exitCode = 1;
    });
}

/** ` (3 order.closed, 1 shift.closed)`; nothing when there is none. */
function kinds(counts: SyncResult["leftByKind"]): string {
  const words = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}

export function explainCommand(program: Command): void {
  looking(program, "explain")
    .argument("<receipt or localId>")
    .summary("where a receipt is now and all that happened to it")
    .addHelpText("after", "\nExample:\n  tillsync explain T01-20260116-00001")
    .action(async (key: string, options: LookOptions) => {
      const output = outputOf(options);
      for (const till of await tillTargets(options)) {
        const told = await explainAt(till, key);
        if (told === undefined) continue;
        output.value(told);
        printExplanation(output, told);
        return;
      }
      throw new SyncError(
        "NOT_FOUND",
        `No till here knows ${key}; it takes a receipt number such as T01-20260116-00001, or a localId.`,
        { got: key },
      );
    });
}

interface Told {
  readonly till: string;
  readonly here: Explanation;
  readonly centre: Found | { readonly unknown: string };
}

async function explainAt({ shortId, local, centre }: TillTarget, key: string): Promise<Told | undefined> {
  let here: Explanation;
  try {
    here = await askJson<Explanation>(local, "GET", `/api/explain/${encodeURIComponent(key)}`);
  } catch (error) {
    if (error instanceof SyncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
  try {
    return {
      till: shortId,
      here,
      centre: await askJson<Found>(centre, "GET", `/api/admin/find/${encodeURIComponent(here.localId)}`),
    };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return { till: shortId, here, centre: { unknown: error.message } };
  }
}

function printExplanation(output: Output, { till, here, centre }: Told): void {
  output.line(`${here.receiptNumber ?? here.localId} on ${till} (localId ${here.localId})`);
  output.line(`  ${here.where}`);
  for (const { at, what } of here.steps) output.line(`  ${at ?? "-".padEnd(24)}  ${what}`);
  if ("unknown" in centre) {
    output.line(`  The centre: ${centre.unknown}`);
    return;
  }
  for (const change of centre.changes) {
    output.line(
      `  ${change.receivedAt}  received at the centre: ${change.shortId} seq ${change.seq}, ${change.effect}${change.code ? ` (${change.code})` : ""}`,
    );
  }
}
