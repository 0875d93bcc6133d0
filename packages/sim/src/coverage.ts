import { WAYS_TO_ROT } from "./centre/rot.ts";
import { POINTS } from "./centre/session.ts";

/**
 * The fault space: every fault, and every branch that only faults lead to, by the name under which a run counts it.
 * A few hundred seeds have to meet each of them; a name that is never met is a fault that is not tested.
 */
export const FAULT_SPACE: readonly string[] = [
  ...POINTS.map((point) => `server-crash ${point}`),
  ...["before-commit", "after-commit", "statement"].flatMap((at) => [`till-crash at ${at}`, `power-cut at ${at}`]),
  ...["FEED_RESET", "FORK", "GAP", "UNAVAILABLE"].map((code) => `centre.answers-${code}`),
  ...["UNAUTHENTICATED", "FORBIDDEN", "TOO_MANY_REQUESTS", "UNAVAILABLE"].map((code) => `door.${code}`),
  ...["INTERNAL", "PROTOCOL_VERSION", "TOO_LARGE", "FEED_RESET"].map((code) => `door.${code}`),
  ...["refusing", "silent", "deaf", "flapping"].map((state) => `link.${state}`),
  "centre.backed-up",
  "centre.commit-unknown-kept",
  "centre.commit-unknown-lost",
  "centre.conflict-40001",
  "centre.database-restart",
  "centre.down",
  "centre.restored",
  "centre.restored-unnoticed",
  "centre.private-rot",
  ...WAYS_TO_ROT.map((way) => `centre.rot ${way}`),
  "centre.server-crash",
  "centre.joint",
  "centre.sweep",
  "centre.told-again",
  "disk.commit-error-kept",
  "disk.commit-error-lost",
  "disk.full",
  "disk.misread",
  ...["VERSION_MISMATCH", "HASH_MISMATCH", "CONCURRENT_MODIFICATION", "DELETED_ITEM"].map(
    (code) => `foreign.conflict-${code}`,
  ),
  ...["again", "all-at-once", "poison", "same-version", "sends-anothers", "takes-a-tills-id"].map(
    (what) => `foreign.${what}`,
  ),
  ...["ten-times", "two-servers", "two-versions-at-once"].map((what) => `foreign.${what}`),
  "link.outage",
  "network.captive-portal",
  "network.duplicate-request",
  "network.garbage-answer",
  "network.hung-exchange",
  "network.lost-answer",
  "network.lost-request",
  "network.slow",
  "network.truncated-answer",
  ...["customers", "items", "prices"].map((module) => `office.imports-${module}`),
  ...["deletes-anything", "deletes-document", "deletes-open-order", "edits"].map((what) => `office.${what}`),
  "pos.asks-again",
  "pos.closes-again",
  "pos.poison",
  "pos.repeats-local-id",
  "pos.reuses-local-id",
  "till.clean-stop",
  "till.clock-jump",
  "till.exception.discarded",
  "till.exception.retried",
  "till.copied",
  "till.crash",
  "till.failed-start",
  "till.lost-timer",
  "till.paid-after-deletion",
  "till.planted-row",
  "till.power-cut",
  "till.private-rot",
  "till.retired",
  "till.rolled-back",
  "till.rot",
];

/** What of the fault space a report has not met. */
export function notMet(coverage: Readonly<Record<string, number>>): string[] {
  return FAULT_SPACE.filter((fault) => !Object.hasOwn(coverage, fault));
}
