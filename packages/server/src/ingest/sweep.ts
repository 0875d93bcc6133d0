import { CENTRAL_LIFE, type Sha256, SyncError } from "@tillsync/protocol";
import { conflictOf } from "./conflict.ts";
import { carryOut, isDecision } from "./decisions.ts";
import { canFollow, type Reading, read as readChange, standsAlready } from "./interpret.ts";
import type { DocumentRow, IngestTransaction, PendingChange, Run, Standing, TerminalLife } from "./ports.ts";
import { runsOf } from "./runs.ts";

/** Changes interpreted one by one in one go; what is left stays pending for the next. */
const SWEEP_LIMIT = 5_000;

/**
 * Interprets the stored changes of a terminal that are still pending, one by one, under the terminal's lock. One that
 * throws is parked with its reason and the next one goes on; later ones of its entity wait behind it.
 *
 * What a person decided about parked changes comes first, because it gives earlier changes their turn. For the rest, the
 * changes of one entity keep their order. The entities are taken in the order of their localId, in which a set-based
 * write locks them too: in the order of the journal, two tills that edit the same tables would deadlock all day.
 */
export async function interpretPending(
  tx: IngestTransaction,
  terminal: string,
  context: { sha256: Sha256; nowMs: () => number },
): Promise<void> {
  const verdicts = new Verdicts();
  const read = async () => inLockOrder(await tx.pending(terminal, SWEEP_LIMIT), context.sha256);
  const found = await read();
  const decisions = found.filter(({ reading }) => reading.ok && isDecision(reading.body));
  for (const { change, reading } of decisions) {
    await judge(tx, terminal, change, reading, verdicts);
    const told =
      reading.ok && isDecision(reading.body) ? await carryOut(tx, terminal, reading.body.payload) : undefined;
    if (told) verdicts.note(told.incarnation, told);
  }
  const rest = decisions.length === 0 ? found : await read();
  for (const { change, reading } of rest) await judge(tx, terminal, change, reading, verdicts);
  for (const [incarnation, judged] of verdicts.byLife) {
    const inSeqOrder = [...judged.values()].sort((one, other) => one.seq - other.seq);
    const life = { terminal, incarnation };
    await tx.rejudge(life, [...judged.keys()], []);
    await tx.appendFeed(life, runsOf(inSeqOrder), context.nowMs());
  }
}

type Judgement = Omit<Run, "fromSeq" | "toSeq"> & { readonly seq: number };

/** What is told of each change, once, as it is in the end. */
class Verdicts {
  readonly byLife = new Map<string, Map<number, Judgement>>();

  note(incarnation: string, { seq, effect, code, message }: Judgement): void {
    const ofLife = this.byLife.get(incarnation) ?? new Map<number, Judgement>();
    ofLife.set(seq, { seq, effect, code, message });
    this.byLife.set(incarnation, ofLife);
  }
}

async function judge(
  tx: IngestTransaction,
  terminal: string,
  change: PendingChange,
  reading: Reading,
  verdicts: Verdicts,
): Promise<void> {
  const life = { terminal, incarnation: change.incarnation };
  const judged = await interpretOne(tx, life, change, reading);
  await tx.setEffect(life, runsOf([judged]));
  verdicts.note(change.incarnation, judged);
}

function inLockOrder(changes: readonly PendingChange[], sha256: Sha256) {
  const read = changes.map((change) => {
    const reading = readChange(change, sha256);
    const localId = (reading.ok ? reading.body.localId : reading.identity.localId) ?? "";
    return { change, reading, localId };
  });
  return read.sort((one, other) => (one.localId < other.localId ? -1 : one.localId > other.localId ? 1 : 0));
}

async function interpretOne(
  tx: IngestTransaction,
  life: TerminalLife,
  change: PendingChange,
  reading: Reading,
): Promise<Judgement> {
  const { seq } = change;
  if (change.repeat) {
    const message = "Another change with this changeId is stored; this one was kept and not applied.";
    return { seq, effect: "conflict", code: "CHANGE_ID_REUSED", message };
  }
  if (!reading.ok) return { seq, effect: "parked", code: reading.code, message: reading.message };
  const { document } = reading;
  const blocked = await tx.blocked([document.localId], { ...life, seq });
  if (blocked.size > 0) {
    return {
      seq,
      effect: "waiting",
      code: "WAITING_FOR_EARLIER",
      message: "An earlier change of the same entity waits for a person; this one follows it.",
    };
  }
  const standing = await tx.document(document.entity, document.localId);
  if (standing && !canFollow(standing, document, life.terminal)) return lost(standing, life, document);
  const failure = await tx.attempt(() => tx.apply(life, [document]));
  if (failure === undefined) return { seq, effect: "applied", code: null, message: null };
  // A document that was not there could not be locked: another till may have written it since, and its version stands.
  const since = isFinal(failure) ? await tx.document(document.entity, document.localId) : undefined;
  if (since && !canFollow(since, document, life.terminal)) return lost(since, life, document);
  return { seq, effect: "parked", code: "APPLY_FAILED", message: reasonOf(failure) };
}

function isFinal(failure: unknown): boolean {
  return failure instanceof SyncError && failure.code === "ALREADY_CLOSED";
}

/** A version that may not follow the one that stands: kept, and not applied. */
function lost(standing: Standing, life: TerminalLife, document: DocumentRow): Judgement {
  const { seq } = document;
  // It came while somebody else's same document was on its way: both are in sync (004).
  if (standsAlready(standing, document)) return { seq, effect: "applied", code: null, message: null };
  if (life.incarnation === CENTRAL_LIFE) return { seq, ...conflictOf(standing, document, life.terminal) };
  const message = `The ${document.entity} was already ${standing.state} by an earlier document; this version was kept and not applied.`;
  return { seq, effect: "conflict", code: "ALREADY_CLOSED", message };
}

/** A sentence without the change's content: it travels to the till and to logs. */
function reasonOf(failure: unknown): string {
  if (failure instanceof SyncError) return failure.message;
  const code = (failure as { code?: unknown }).code;
  return `The centre could not apply this change${typeof code === "string" ? ` (database error ${code})` : ""}; it is stored and waits for a person.`;
}
