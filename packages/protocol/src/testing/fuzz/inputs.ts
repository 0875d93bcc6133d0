/** Hostile inputs of one `npm test -- fuzz`: 200,000 in process and 5,000 over sockets, in about a minute of two cores. */
export const FUZZ_INPUTS = {
  readers: 168_000,
  serverRequests: 6_000,
  contents: 500,
  terminalRequests: 25_000,
  /** On the real engine, where each sale is a commit that reaches the disk. */
  terminalSales: 2_000,
  liveServer: 3_000,
  liveTerminal: 2_000,
} as const;
