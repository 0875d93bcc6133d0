import type { Journal, Life } from "./journal.ts";
import { beginLife, type Parent, writeLife } from "./lives/branch.ts";
import type { Ports, Witnessed } from "./ports.ts";

/**
 * Begins the first life of a new database, or the next one when the witness shows that this is not the database that it
 * saw last: rolled back, restored, swapped or lost. Going on would give receipt and sequence numbers away again (design
 * section 1), so the new life begins before the first sale. What the centre has of the one before it, it is asked later.
 */
export function ensureLife(journal: Journal, ports: Ports, dayOf: (at: string) => string): void {
  const lives = journal.lives();
  const parent = parentOf(lives, journal, ports.witness.read());
  if (lives.length > 0 && parent === undefined) return;
  const ordinal = (lives.at(-1)?.ordinal ?? 0) + 1;
  const head = ports.store.transaction((tx) => {
    // A database that was lost had a first life already: its receipts are out there.
    const isLost = parent !== undefined && lives.length === 0;
    if (isLost) writeLife(tx, { ordinal, incarnation: parent.incarnation, reason: parent.reason });
    return beginLife(tx, { journal, ports, dayOf }, ordinal + (isLost ? 1 : 0), parent);
  });
  if (parent !== undefined) testify(ports, head);
}

/** The life that a new one has to follow; undefined when the present one can go on, or when there was none. */
function parentOf(lives: readonly Life[], journal: Journal, witnessed: Witnessed | undefined): Parent | undefined {
  const present = lives.at(-1);
  if (witnessed === undefined) return undefined;
  if (present === undefined) return { ...witnessed, reason: "the database was lost and the witness was not" };
  const parent = { incarnation: present.incarnation, seq: present.headSeq, hash: present.headHash };
  const seen = lives.find((life) => life.incarnation === witnessed.incarnation);
  if (seen === undefined) return { ...parent, reason: "the witness has seen a life that the database does not have" };
  // The witness of an earlier life only lags: the present one began and nothing was written about it.
  if (seen !== present) return undefined;
  const isAhead = witnessed.seq > present.headSeq || journal.hashAt(present.ordinal, witnessed.seq) !== witnessed.hash;
  return isAhead ? { ...parent, reason: "the witness was ahead of the database" } : undefined;
}

/** A witness that cannot be written only lags, which it may. */
function testify({ witness }: Ports, { incarnation, seq, hash }: Witnessed): void {
  try {
    witness.write({ incarnation, seq, hash });
  } catch {
    // The next start finds the same witness, which knows the parent of this life and nothing against it.
  }
}
