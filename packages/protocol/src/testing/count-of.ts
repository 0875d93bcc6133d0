/**
 * How often a test does something: as often as every change to the code can wait for, or all of it, which
 * `npm run proof -- counts` asks for.
 *
 * @param asked the variable TILLSYNC_FULL_COUNTS: "1" for all of it
 */
export function countOf(asked: string | undefined, { quick, full }: { readonly quick: number; readonly full: number }) {
  return asked === "1" ? full : quick;
}
