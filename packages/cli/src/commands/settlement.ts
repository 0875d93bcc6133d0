import { localId, parseField, SyncError } from "@tillsync/protocol";
import type { ShiftView } from "@tillsync/server";
import type { Command } from "commander";
import { askJson } from "../http-door.ts";
import { outputOf } from "../output.ts";
import { readOwnSide } from "../settlement/own-side.ts";
import { type BothSides, differencesOf, printSettlement } from "../settlement/print.ts";
import { DEMO_DATA_DIR, type TargetOptions, type TillTarget, tillTargets } from "../targets.ts";

export function settlementCommand(program: Command): void {
  program
    .command("settlement")
    .argument("<shift>", "the shift's id")
    .summary("a closed shift on both sides: till and head office, side by side")
    .description(
      "Hashes the till's own bytes of the shift again and adds them up, and shows beside them what head office found in the bytes that it stores. Exit code 1 unless both are the same.",
    )
    .option("--data-dir <folder>", "folder of the demo", DEMO_DATA_DIR)
    .option("--terminal <id>", "only this terminal, such as T01")
    .option("--config <file>", "the terminal of this configuration instead of the demo's")
    .option("--json", "the result as JSON")
    .addHelpText("after", "\nExample:\n  tillsync settlement shift-20260116-1")
    .action(async (shift: string, options: TargetOptions & { json?: boolean }) => {
      const output = outputOf(options);
      const wanted = parseField("shift", localId, shift);
      const sides = await sidesOf(wanted, await tillTargets(options));
      output.value(sides);
      printSettlement(output, sides);
      if (!sides.equal) process.exitCode = 1;
    });
}

/** A closed shift on both sides, from the till that closed it. @throws SyncError NOT_FOUND */
export async function sidesOf(shift: string, targets: readonly TillTarget[]): Promise<BothSides> {
  for (const { shortId, file, centre: door } of targets) {
    const till = readOwnSide(file, shift);
    if (till === undefined) continue;
    const centre = await judgementOf(door, shift);
    const differences = differencesOf(till, centre);
    const equal = centre !== null && differences.length === 0;
    return { shift, shortId, state: centre?.state ?? "waiting", equal, till, centre, differences };
  }
  const message = `No till here has closed a shift ${shift}: it is open, belongs to another till, or is not known.`;
  throw new SyncError("NOT_FOUND", message, { field: "shift", got: shift });
}

async function judgementOf(centre: TillTarget["centre"], shift: string): Promise<ShiftView | null> {
  try {
    return await askJson<ShiftView>(centre, "GET", `/api/admin/shifts/${shift}/settlement`);
  } catch (error) {
    if (error instanceof SyncError && error.code === "NOT_FOUND") return null;
    throw error;
  }
}
