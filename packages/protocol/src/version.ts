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
    schemas: "3ed6429352588d417ebf66552f2b2463f7f9439c4e8da79d60f27bfa780d53b3",
    what: "The first wire format: exchange, change bodies of orders, transactions, stock, shifts, whole documents.",
  },
];
