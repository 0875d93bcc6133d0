import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Replayed } from "../demo/replay.ts";
import { freePorts } from "./free-ports.ts";
import { TillsyncProcess } from "./tillsync-process.ts";

/** What `tillsync demo --replay FILE --exit --json` prints. */
export type ReplayReport = Replayed;

export interface ReplayInDemo {
  readonly code: number | null;
  readonly report: ReplayReport;
  /** What it told while it ran. */
  readonly stderr: string;
}

/** Runs the command as a person would, in a folder of its own that is thrown away. */
export async function replayInDemo(
  file: string,
  options: { readonly offlineEvery: number; readonly killEvery: number; readonly onProgress?: (text: string) => void },
): Promise<ReplayInDemo> {
  const dataDir = mkdtempSync(join(tmpdir(), "tillsync-replay-"));
  const first = await freePorts(3);
  const ports = ["--port", String(first), "--terminal-port", String(first + 1), "--terminals", "2"];
  const trouble = ["--offline-every", String(options.offlineEvery), "--kill-every", String(options.killEvery)];
  const args = ["demo", "--replay", file, ...trouble, ...ports, "--data-dir", dataDir, "--exit", "--json"];
  const demo = new TillsyncProcess(args);
  const told = options.onProgress === undefined ? undefined : setInterval(() => tell(demo, options.onProgress), 5000);
  try {
    const { code, stdout, stderr } = await demo.ended();
    if (stdout === "") throw new Error(`the demo ended with ${code} and no report: ${stderr}`);
    return { code, report: JSON.parse(stdout) as ReplayReport, stderr };
  } finally {
    clearInterval(told);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function tell(demo: TillsyncProcess, onProgress: ((text: string) => void) | undefined): void {
  const last = demo.stderr.trim().split("\n").at(-1);
  if (last) onProgress?.(last);
}
