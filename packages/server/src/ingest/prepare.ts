import { type ExchangeRequest, type Sha256, SyncError } from "@tillsync/protocol";
import { type Reading, read } from "./interpret.ts";
import type { Allowed } from "./narrowed.ts";
import { chainOf, type Placed } from "./place.ts";
import type { IngestStore } from "./ports.ts";
import { type PreparedBatch, prepareWhole } from "./whole-batch.ts";

export interface ExchangeContext {
  readonly store: IngestStore;
  readonly sha256: Sha256;
  /** The centre's clock, milliseconds since 1970. */
  readonly nowMs: () => number;
  /** What a terminal of a kind is told at most; all of the store where this is absent. */
  readonly feedOf?: (kind: string) => Allowed;
}

/** A request, and what its bytes say by themselves, whatever the centre holds. */
export interface PreparedExchange {
  readonly request: ExchangeRequest;
  /** Empty when a hash is wrong: that is told when it is known where the request belongs. */
  readonly links: readonly Placed[];
  /** In the order of the request. */
  readonly readings: readonly Reading[];
  readonly whole: PreparedBatch | undefined;
}

/**
 * Everything that needs no look at the database, done before the terminal is locked: a second request of the same till
 * is read here while PostgreSQL still writes the first.
 */
export function prepare({ sha256, store }: ExchangeContext, request: ExchangeRequest): PreparedExchange {
  const { incarnation, terminal } = request;
  try {
    const links = chainOf(request, sha256);
    const readings = links.map(({ seq, wire: { body, private: secret = null, damaged = false } }) =>
      read({ incarnation, seq, body, private: secret, damaged }, sha256),
    );
    const whole = store.storesAtOnce === true ? prepareWhole(links, readings, terminal) : undefined;
    return { request, links, readings, whole };
  } catch (error) {
    if (error instanceof SyncError) return { request, links: [], readings: [], whole: undefined };
    throw error;
  }
}
