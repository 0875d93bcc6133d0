/**
 * What the till's door takes on, each bound with its reason; the limits of a change itself are `LIMITS` of the protocol.
 * There is no rate limit: the callers are the till's own machine, or have its key, and every verb is one short SQLite
 * transaction. `docs/limits.md` lists these with the centre's.
 */
export const DOOR = {
  /** The engine refuses changes above 1 MiB; the rest is room for escapes and white space. */
  maxBodyBytes: 2 * 1024 * 1024,
  /** Bytes of a request's line and headers: Node's own default, said here. */
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
  /** The longest address of ours has a localId of 64 characters, escaped, and a reason. */
  maxUrlBytes: 2048,
  /** Headers come in one packet, from the same machine or the next. */
  headersTimeoutMs: 10_000,
  /** A request that is not whole after this long is given up (reliability.md S10). */
  requestTimeoutMs: 30_000,
  checkConnectionsMs: 5_000,
  /** A POS, a few pages and displays. */
  maxConnections: 500,
  /** From here on a new connection ends the one that has been idle for longest. */
  crowdedConnections: 400,
} as const;
