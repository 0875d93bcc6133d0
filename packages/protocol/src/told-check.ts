import type { Sha256 } from "./chain.ts";
import type { FeedEntry } from "./exchange.ts";

/** Hex digits of a check: 64 bits, for bytes that change by accident. Who the centre is, TLS says. */
const DIGITS = 16;

/**
 * The check of an entry that tells of somebody else's changes: over whose they are, where they stand, what became of them
 * and their bytes. The centre makes it of bytes that have just given the hash of their change; whoever is told makes it
 * again before any of them is believed.
 */
export function toldCheck(
  sha256: Sha256,
  entry: Pick<FeedEntry, "terminal" | "incarnation" | "fromSeq" | "toSeq" | "effect">,
  bodies: readonly string[],
): string {
  const { terminal, incarnation, fromSeq, toSeq, effect } = entry;
  const place = ["tillsync/told/1", terminal, incarnation, fromSeq, toSeq, effect];
  return sha256([...place, ...bodies].join("\n")).slice(0, DIGITS);
}

/** Whether an entry tells of exactly as many changes as it names, with the bytes that the centre checked. */
export function isToldWhole(sha256: Sha256, entry: FeedEntry): boolean {
  const { bodies, fromSeq, toSeq, check } = entry;
  if (bodies === undefined) return true;
  return bodies.length === toSeq - fromSeq + 1 && check === toldCheck(sha256, entry, bodies);
}
