import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { SyncError } from "@tillsync/protocol";
import type { Machine, MachineState } from "./machine.ts";

/** The state that was kept, or a fresh one when there is no file yet. @throws SyncError CONFIG_INVALID */
export function readState<S extends MachineState>(machine: Machine<S>, seed: number, file: string): S {
  const text = readIfThere(file);
  if (text === undefined) return machine.fresh(seed);
  const kept = parse(text);
  if (kept?.simulator !== machine.name || kept.state === undefined) {
    const message = `${file} does not hold the state of a simulated ${machine.title}; name another file, or delete it.`;
    throw new SyncError("CONFIG_INVALID", message, { field: "state" });
  }
  // Of an earlier release, it may lack what this one has.
  return { ...machine.fresh(seed), ...kept.state };
}

/** Written beside its place and moved there, so that a kill leaves the old one or the new one. */
export function keepState<S extends MachineState>(machine: Machine<S>, state: S, file: string): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, JSON.stringify({ simulator: machine.name, state }));
  renameSync(fresh, file);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function parse<S>(text: string): { simulator?: unknown; state?: S } | undefined {
  try {
    return JSON.parse(text) as { simulator?: unknown; state?: S };
  } catch {
    return undefined;
  }
}
