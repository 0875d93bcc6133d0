import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DocumentTotal, Totals } from "@tillsync/server";
import type { Replayed } from "../demo/replay.ts";
import { askJson } from "../http-door.ts";
import { readHousehold } from "../targets.ts";
import { freePorts } from "./free-ports.ts";
import { TillsyncProcess } from "./tillsync-process.ts";

/** What `tillsync demo --replay FILE --exit --json` prints. */
export type ReplayReport = Replayed;

export interface ReplayOptions {
  readonly offlineEvery: number;
  readonly killEvery: number;
  /** Told every five seconds what the demo said last. */
  readonly onProgress?: (text: string) => void;
}

export interface ReplayInDemo {
  readonly code: number | null;
  readonly report: ReplayReport;
  /** What it told while it ran. */
  readonly stderr: string;
}

/** Runs the command as a person would, in a folder of its own that is thrown away. */
export async function replayInDemo(file: string, options: ReplayOptions): Promise<ReplayInDemo> {
  return inFolder((dataDir) => replayInto(dataDir, file, options));
}

/** As `replayInDemo`; then starts the demo again on the same data and asks head office what it holds. */
export async function replayAndCount(
  file: string,
  options: ReplayOptions,
): Promise<ReplayInDemo & { readonly documents: readonly DocumentTotal[] }> {
  return inFolder(async (dataDir) => {
    const replayed = await replayInto(dataDir, file, options);
    const demo = new TillsyncProcess(["demo", "--data-dir", dataDir, ...(await portArgs())]);
    await demo.said("Ctrl-C stops everything");
    const { centreUrl, adminKey } = readHousehold(dataDir) ?? { centreUrl: "", adminKey: "" };
    const { documents } = await askJson<Totals>({ url: centreUrl, key: adminKey }, "GET", "/api/admin/totals");
    demo.kill("SIGINT");
    await demo.ended();
    return { ...replayed, documents };
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-replay-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function portArgs(): Promise<string[]> {
  const first = await freePorts(3);
  return ["--port", String(first), "--terminal-port", String(first + 1), "--terminals", "2"];
}

async function replayInto(dataDir: string, file: string, options: ReplayOptions): Promise<ReplayInDemo> {
  const { offlineEvery, killEvery, onProgress } = options;
  const trouble = ["--offline-every", String(offlineEvery), "--kill-every", String(killEvery)];
  const where = ["--data-dir", dataDir, ...(await portArgs())];
  const demo = new TillsyncProcess(["demo", "--replay", file, ...trouble, ...where, "--exit", "--json"]);
  const telling = setInterval(() => onProgress?.(demo.stderr.trim().split("\n").at(-1) ?? ""), 5000);
  try {
    const { code, stdout, stderr } = await demo.ended();
    if (stdout === "") throw new Error(`the demo ended with ${code} and no report: ${stderr}`);
    return { code, report: JSON.parse(stdout) as ReplayReport, stderr };
  } finally {
    clearInterval(telling);
  }
}
