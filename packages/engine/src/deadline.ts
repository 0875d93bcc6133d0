import { SyncError } from "@tillsync/protocol";
import type { Clock, Transport } from "./ports.ts";

/** As the transport over HTTP, where it says nothing else. */
const TIMEOUT_MS = 30_000;

/** A transport keeps its own deadline; this one is for a transport that never settles. */
export function deadlineMsOf({ timeoutMs = TIMEOUT_MS }: Pick<Transport, "timeoutMs">): number {
  return 1.5 * timeoutMs;
}

export interface Bounds {
  readonly clock: Pick<Clock, "after">;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export interface Bounded<T> {
  readonly answer: Promise<T>;
  /** Ends it as TIMED_OUT, whatever the transport does. */
  readonly giveUp: () => void;
}

/** Something on the network that ends: answered, failed, given up by us, or at the deadline. */
export function bounded<T>(work: Promise<T>, { clock, deadlineMs, signal }: Bounds): Bounded<T> {
  const ended = Promise.withResolvers<never>();
  const giveUp = () => ended.reject(new SyncError("TIMED_OUT", "The centre did not answer in time."));
  const cutOff = () => ended.reject(new SyncError("UNREACHABLE", "The exchange was given up."));
  const cancel = clock.after(deadlineMs, giveUp);
  signal.addEventListener("abort", cutOff);
  const answer = Promise.race([work, ended.promise]).finally(() => {
    cancel();
    signal.removeEventListener("abort", cutOff);
  });
  return { answer, giveUp };
}
