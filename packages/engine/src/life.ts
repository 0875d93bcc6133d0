import { CHAIN_START } from "@tillsync/protocol";
import type { Journal, Life } from "./journal.ts";
import type { Ports, Witnessed } from "./ports.ts";
import { instantOf } from "./recording.ts";

/** What came before a new life: where its chain ended, as far as this machine remembers. */
interface Parent {
  readonly incarnation: string;
  readonly seq: number;
  readonly hash: string;
  /** Why it ended. */
  readonly reason: string;
}

/**
 * Begins the first life of a new database, or the next one when the witness shows that this is not the database that it
 * saw last: rolled back, restored, swapped or lost. Going on would give receipt and sequence numbers away again (design
 * section 1), so the new life begins before the first sale.
 */
export function ensureLife(journal: Journal, ports: Ports, dayOf: (at: string) => string): void {
  const lives = journal.lives();
  const parent = parentOf(lives, journal, ports.witness.read());
  if (lives.length > 0 && parent === undefined) return;
  // A database that was lost had a first life already: its receipts are out there.
  const ordinal = (lives.at(-1)?.ordinal ?? (parent ? 1 : 0)) + 1;
  const life = { ordinal, incarnation: ports.ids.hex(16), seq: 0, hash: CHAIN_START };
  const head = ports.store.transaction((tx) => {
    tx.run(
      "INSERT INTO life (ordinal, incarnation, durable_hash, reason) VALUES (?, ?, unhex(?), ?)",
      ordinal,
      life.incarnation,
      CHAIN_START,
      parent?.reason ?? "first start",
    );
    if (parent === undefined) return undefined;
    return journal.append(tx, life, rebirth(life.incarnation, parent, ports, dayOf)).head;
  });
  if (head) testify(ports, head);
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

function rebirth(incarnation: string, { reason, ...parent }: Parent, { clock }: Ports, dayOf: (at: string) => string) {
  const occurredAt = instantOf(clock);
  const payload = { parent: parent.incarnation, parentSeq: parent.seq, parentHash: parent.hash, reason };
  const businessDate = dayOf(occurredAt);
  const kind = "terminal.reborn" as const;
  return { kind, localId: incarnation, version: 1, shiftId: undefined, businessDate, occurredAt, payload };
}

/** A witness that cannot be written only lags, which it may. */
function testify({ witness }: Ports, head: Witnessed): void {
  try {
    witness.write(head);
  } catch {
    // The next start finds the same witness, which knows the parent of this life and nothing against it.
  }
}
