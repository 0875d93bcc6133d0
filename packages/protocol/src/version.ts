/**
 * The version of the words on the wire.
 *
 * A terminal sends its version with every exchange; a centre answers versions from `PROTOCOL_FLOOR` up. `version.test.ts`
 * hashes every schema, so a change to the wire cannot slip in without a new version and a line of history.
 */
export const PROTOCOL_VERSION = 1;

/** The oldest version a centre of this release still understands. */
export const PROTOCOL_FLOOR = 1;

/** What each version changed, oldest first. `schemas` is the hash that `version.test.ts` recomputes. */
export const PROTOCOL_HISTORY: readonly {
  readonly version: number;
  readonly schemas: string;
  readonly what: string;
}[] = [
  {
    version: 1,
    schemas: "20ced1028a6ad70b14b3b01bb25d379ad484e8b1d098c3a7dfabc85b6fe17c8d",
    what: "The first wire format: exchange, change bodies of orders, transactions, stock, shifts, whole documents.",
  },
];
