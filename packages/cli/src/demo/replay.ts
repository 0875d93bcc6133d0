import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { SyncResult } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import { askJson } from "../http-door.ts";
import type { ImportedEntry } from "../import/documents.ts";
import { type Progress, recordAll } from "../import/record.ts";
import { type Verification, verify } from "../verify/verify.ts";
import type { Demo } from "./run.ts";

export interface ReplayOptions {
  readonly documents: AsyncIterable<ImportedEntry>;
  /** Cut the link after every so many documents, for a fifth as many; 0: never. */
  readonly offlineEvery: number;
  /** Kill a process after every so many documents, the tills and the server in turn; 0: never. */
  readonly killEvery: number;
  readonly onNote: (text: string) => void;
  /** Gives the replay up. */
  readonly signal?: AbortSignal;
}

export interface Replayed {
  readonly progress: Progress;
  readonly cuts: number;
  readonly kills: number;
  readonly verifications: readonly Verification[];
}

/** How long the queues may take to drain once the link is whole for good. */
const DRAIN_WITHIN_MS = 180_000;

/** Sells what a file says through the demo's tills while the link is cut and processes are killed, then compares both sides. */
export async function replay(demo: Demo, options: ReplayOptions): Promise<Replayed> {
  const { documents, signal } = options;
  const trouble = new Trouble(demo, options);
  const targets = demo.home.terminals.map(({ url }) => ({ url }));
  const progress = await recordAll(documents, targets, { onProgress: (now) => trouble.at(now), signal });
  demo.link.heal();
  options.onNote(`${progress.documents} documents are on the tills; waiting for the rest to reach the centre`);
  await Promise.all(demo.home.terminals.map(({ url }) => drained(url, signal)));
  const verifications: Verification[] = [];
  for (const { key, dataDir, shortId } of demo.home.terminals) {
    signal?.throwIfAborted();
    options.onNote(`comparing ${shortId} with the centre, change by change`);
    verifications.push(await verify({ file: join(dataDir, "till.db"), centre: { url: demo.home.centreUrl, key } }));
  }
  return { progress, cuts: trouble.cuts, kills: trouble.kills, verifications };
}

/** Cuts and kills by the count of documents, so that a run can be told again. */
class Trouble {
  readonly #demo: Demo;
  readonly #options: ReplayOptions;
  #told = 0;
  #cutAt = 0;
  #killAt = 0;
  #healAt = Number.POSITIVE_INFINITY;
  cuts = 0;
  kills = 0;

  constructor(demo: Demo, options: ReplayOptions) {
    this.#demo = demo;
    this.#options = options;
    this.#cutAt = options.offlineEvery || Number.POSITIVE_INFINITY;
    this.#killAt = options.killEvery || Number.POSITIVE_INFINITY;
  }

  at({ documents, businessDate }: Progress): void {
    const { offlineEvery, killEvery, onNote } = this.#options;
    if (documents >= this.#healAt) {
      this.#demo.link.heal();
      this.#healAt = Number.POSITIVE_INFINITY;
    }
    if (documents >= this.#cutAt) {
      this.#demo.link.cut();
      this.cuts++;
      this.#healAt = documents + Math.max(1, Math.floor(offlineEvery / 5));
      this.#cutAt += offlineEvery;
    }
    if (documents >= this.#killAt) {
      this.#killNext();
      this.#killAt += killEvery;
    }
    if (documents - this.#told < 500) return;
    this.#told = documents;
    onNote(`${documents} documents, at ${businessDate}; link cut ${this.cuts} times, ${this.kills} processes killed`);
  }

  #killNext(): void {
    const victims = [...this.#demo.tills, this.#demo.server];
    victims[this.kills % victims.length]?.kill();
    this.kills++;
  }
}

/** Asks a till to send everything until nothing is left. @throws SyncError TIMED_OUT with the till's own reason */
export async function drained(url: string, signal?: AbortSignal): Promise<void> {
  const until = performance.now() + DRAIN_WITHIN_MS;
  for (let reason = "it did not answer"; ; ) {
    try {
      const result = await askJson<SyncResult>({ url }, "POST", "/api/sync/now", {});
      if (result.left === 0) return;
      reason = result.reason?.message ?? `${result.left} changes are left`;
    } catch (error) {
      if (!(error instanceof SyncError && error.code === "UNREACHABLE")) throw error;
    }
    signal?.throwIfAborted();
    if (performance.now() > until)
      throw new SyncError("TIMED_OUT", `The till at ${url} could not send everything: ${reason}`);
    await pause(100);
  }
}
