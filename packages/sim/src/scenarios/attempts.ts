import type { Transport } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import { timeText } from "./times.ts";

/** One exchange that a till began. */
export interface Attempt {
  readonly atMs: number;
  /** The same as people say it: `08:20:05.250`. */
  readonly at: string;
  readonly fromSeq: number;
  readonly changes: number;
  /** What came of it on the line, whether or not the till still lived to hear it. */
  outcome: "under way" | "ok" | string;
}

/** A way to the centre that writes down each exchange, outside the till: what it says about itself may be wrong. */
export function recording(transport: Transport, journal: Attempt[], nowMs: () => number): Transport {
  return {
    ...transport,
    exchange: async (request, signal, correlationId) => {
      const { fromSeq, changes } = request;
      const atMs = nowMs();
      const entry: Attempt = {
        atMs,
        get at() {
          return timeText(atMs);
        },
        fromSeq,
        changes: changes.length,
        outcome: "under way",
      };
      journal.push(entry);
      try {
        const answer = await transport.exchange(request, signal, correlationId);
        entry.outcome = "ok";
        return answer;
      } catch (error) {
        entry.outcome = error instanceof SyncError ? error.code : String(error);
        throw error;
      }
    },
  };
}

/** Milliseconds between the beginnings of neighbouring attempts. */
export function gapsOf(attempts: readonly Attempt[]): number[] {
  return attempts.slice(1).map(({ atMs }, index) => atMs - (attempts[index]?.atMs ?? 0));
}
