/**
 * The version of the words on the wire.
 *
 * A terminal sends its version with every exchange; a centre answers versions from `PROTOCOL_FLOOR` up. `version.test.ts`
 * hashes every schema, so a change to the wire cannot slip in without a new version and a line of history.
 */
export const PROTOCOL_VERSION = 1;

/** The release of this code. Terminals name it in the header `x-release` of every exchange. */
export const RELEASE = "0.1.0";

export const RELEASE_HEADER = "x-release";

/** A release as it is written: three numbers. */
export const RELEASE_FORM = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/;

/** True when a release came before another; one that is not said, or not in this form, came before all. */
export function isOlder(release: string | undefined, than: string): boolean {
  const numbers = (text: string | undefined) =>
    RELEASE_FORM.exec(text ?? "")
      ?.slice(1)
      .map(Number);
  const [own, other] = [numbers(release), numbers(than)];
  if (own === undefined || other === undefined) return own === undefined && other !== undefined;
  const at = own.findIndex((number, index) => number !== other[index]);
  return at >= 0 && (own[at] ?? 0) < (other[at] ?? 0);
}

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
    schemas: "b51ca4385b56702d43aa74ec2ead845254ad450b26475cc6d854186d15f99172",
    what: "The first wire format: exchange, change bodies of orders, transactions, stock, shifts, whole documents.",
  },
];
