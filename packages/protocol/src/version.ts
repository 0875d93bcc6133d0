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
    schemas: "82f585957116d9f536b01af31d0b9c089a2a2e73113d9a20e316432bbfbadf87",
    what: "The first wire format: exchange, change bodies of orders, transactions, stock, shifts, whole documents.",
  },
];
