/**
 * What one server process takes on at a time, each bound with its reason; what a single request may hold is `LIMITS` of
 * the protocol. `docs/limits.md` lists both.
 */
export const DOOR = {
  /** Bytes of a request's line and headers. A key, an id and what proxies add are below 2 KB. Node's own default, said here. */
  maxHeaderBytes: 16 * 1024,
  /** Headers of a request: 16 KB would hold 4,000 of four bytes. */
  maxHeaders: 100,
  /** Bytes of an address with its query. The longest of ours tells the gateway where 16 copies stand, at some 120 bytes each. */
  maxUrlBytes: 4096,

  /** Headers come in one packet; who drips them, or says nothing at all, holds a socket for nothing (slowloris). */
  headersTimeoutMs: 10_000,
  /**
   * A request with its body: a full batch over the slowest mobile link (2 KB/s); anything slower comes in smaller batches.
   * A total and no minimum rate: what a slow sender costs is its socket and the bytes it has sent, both bounded here.
   */
  requestTimeoutMs: 120_000,
  /** Above the 60 s of common balancers, which have to be the ones that close an idle connection. */
  keepAliveMs: 65_000,
  checkConnectionsMs: 5_000,
  /**
   * Connections of the process, some 30 KB each. There is no bound per address: a shop, and a balancer before the
   * server, is one address with many tills behind it.
   */
  maxConnections: 10_000,
  /** From here on a new connection ends the one that has been idle for longest: health checks and tills get in. */
  crowdedConnections: 9_000,

  /** Requests that use the database at a time: of its ten connections, three stay free for health, keys and sweeps. */
  maxRunning: 7,
  /** Of one store: it takes turns on its own counter row anyway, and when it hangs, the others go on. */
  maxRunningPerStore: 5,
  /** Requests that wait for their turn: at some milliseconds each, a few seconds, and then 503 is the better answer. */
  maxWaiting: 1000,
  maxWaitingPerStore: 250,
  /** Keys looked up at a time: strangers never have more than two connections. */
  maxLookUps: 2,
  /** A town of tills that comes back at once; a look-up takes a millisecond. */
  maxWaitingLookUps: 2000,

  /** Answers that are streamed: their readers may be slow, so they hold no turn, and ask the database page by page. */
  maxStreaming: 200,
  maxStreamingPerStore: 50,

  /** Bytes of all bodies in memory, as they came or unpacked: 32 of the largest, or some 20,000 usual batches. */
  maxBodyBytes: 256 * 1024 * 1024,
  /** Of one store, so that it leaves the others room. */
  maxBodyBytesPerStore: 96 * 1024 * 1024,
  /** Bodies unpacked at a time: as many as there are threads for it, and each may grow to 8 MiB. */
  maxUnpacking: 4,

  /** Imports of reference data that work at a time: each keeps a connection and some megabytes of PostgreSQL's memory. */
  maxImporting: 2,
  /** Imports that wait: 20 seconds each at a million rows, and a request has two minutes. */
  maxWaitingImports: 4,
  /**
   * Silence of whoever sends an import. A transaction that waits for the next half megabyte is open meanwhile, and
   * PostgreSQL ends it after 30 s: some 20 KB/s, unpacked, are the least.
   */
  importStallMs: 25_000,
  /** An import until all of it is there, instead of `requestTimeoutMs`: those rows at that pace are never that many. */
  importTimeoutMs: 30 * 60_000,
  /** Rows of one import: four of the largest catalogues known to us. */
  maxImportRows: 5_000_000,
  /** Bytes of one import when unpacked, which wait on PostgreSQL's disk: those rows, at 800 bytes. */
  maxImportBytes: 4 * 1024 * 1024 * 1024,

  /** Devices, stores or addresses whose rates are remembered, 100 bytes each; the one that asked longest ago goes first. */
  maxRemembered: 20_000,
  /** Wrong keys from one address, then 5 a second. A town of tills behind one address comes back at once with right ones. */
  strangerBurst: 200,
  strangersPerSecond: 5,
  /** A burst is this many seconds of the rate: catching up begins with a rush. */
  burstSeconds: 2,
} as const;

/** Requests a second that an operator may set (`Server.RequestsPerSecondPer...`). */
export interface Rates {
  /** A till that catches up sends a batch when the last one is answered, at most some 300 a second. Default 500. */
  readonly perDevice: number;
  /** What all devices of a store may ask together. Default 2,000: more than one PostgreSQL of two cores can answer. */
  readonly perStore: number;
}

export const DEFAULT_RATES: Rates = { perDevice: 500, perStore: 2000 };
