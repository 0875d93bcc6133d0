import {
  type ExchangeRequest,
  fitsPrivate,
  type Gift,
  heal,
  privatePart,
  type Repair,
  type Sha256,
  wantedPrivate,
} from "@tillsync/protocol";
import { identityOfBody, read } from "./interpret.ts";
import type { IngestTransaction, StoredChange, TerminalLife } from "./ports.ts";
import { type Healed, toTellAgain } from "./tell-again.ts";

/**
 * Takes back bytes that the centre asked for, when they fit the chain as it holds it, and private parts that fit those. A
 * change that was never interpreted for want of its bytes is pending then; one that was keeps its effect.
 *
 * @returns whether any were taken, and what of them others have to be told again at the end of the transaction
 */
export async function takeRepairs(
  sha256: Sha256,
  tx: IngestTransaction,
  request: ExchangeRequest,
): Promise<{ repaired: boolean; again: readonly Healed[] }> {
  const byLife = Map.groupBy(request.repair ?? [], ({ incarnation }) => incarnation);
  const again: Healed[] = [];
  let repaired = false;
  for (const [incarnation, gifts] of byLife) {
    const life = { terminal: request.terminal, incarnation };
    const taken = await repairLife(sha256, tx, life, gifts);
    // Behind the bytes, which say what fits them.
    const hasPrivate = await repairPrivate(sha256, tx, life, gifts);
    if (taken.length > 0 || hasPrivate) repaired = true;
    if (taken.length > 0) again.push({ ...life, seqs: taken });
  }
  return { repaired, again };
}

async function repairLife(
  sha256: Sha256,
  tx: IngestTransaction,
  life: TerminalLife,
  repairs: readonly Repair[],
): Promise<number[]> {
  const wanted = new Map<number, Repair>();
  const origins = new Map<number, StoredChange["origin"]>();
  for (const repair of repairs) {
    const row = (await tx.damaged(life, repair.seq, 1)).find(({ seq }) => seq === repair.seq);
    if (row === undefined) continue; // not one that is missed here
    wanted.set(repair.seq, repair);
    origins.set(repair.seq, row.origin);
  }
  if (wanted.size === 0) return [];
  const gifts = [...wanted.values()].map((repair): Gift => {
    const { seq, body, prevHash, origin } = repair;
    return { seq, body, prevHash, origin: origin ?? origins.get(seq) ?? undefined };
  });
  const { found, known } = await tx.around(life, [...wanted.keys()]);
  const { rows, hashes, doubted } = heal(sha256, life, gifts, { found, known });
  for (const row of rows) await takeOne(sha256, tx, life, row);
  if (hashes.length > 0 || doubted.length > 0) await tx.restore(life, { hashes, doubted });
  const taken = [...rows, ...hashes].map(({ seq }) => seq);
  // A row that was only doubted comes back as it was: asked for, and nothing was wrong with it.
  const wrong = rows.filter(({ seq, hash, body }) => {
    const was = found.get(seq);
    return was?.hash !== hash || was.body !== body;
  });
  const healed = [...wrong, ...hashes].map(({ seq }) => seq);
  if (taken.length > 0) await tx.rejudge(life, taken, healed);
  const changed = [...rows, ...hashes].map(({ seq, hash }) => ({ seq, isNewHash: found.get(seq)?.hash !== hash }));
  return toTellAgain(changed);
}

/**
 * Takes private parts that fit where none does: those of changes whose bytes are the same on both sides. One that came with
 * damaged bytes and turns out to be none of theirs goes, or its sale would stay parked until its shift is settled.
 */
async function repairPrivate(
  sha256: Sha256,
  tx: IngestTransaction,
  life: TerminalLife,
  repairs: readonly Repair[],
): Promise<boolean> {
  const changed: number[] = [];
  const healed: number[] = [];
  for (const { seq, body, private: text } of repairs) {
    const stored = await tx.privateOf(life, seq);
    if (stored?.body !== body) continue;
    const part = privatePart(sha256, wantedPrivate(body), stored.private);
    if (part === "whole") continue;
    const fitting = text !== undefined && fitsPrivate(sha256, body, text) ? text : null;
    if (fitting === stored.private) continue; // lost, and nothing to put there
    await tx.restorePrivate(life, seq, fitting);
    changed.push(seq);
    if (part === "stray" || fitting !== null) healed.push(seq);
  }
  if (changed.length > 0) await tx.rejudge(life, changed, healed);
  return changed.length > 0;
}

async function takeOne(
  sha256: Sha256,
  tx: IngestTransaction,
  life: TerminalLife,
  row: ReturnType<typeof heal>["rows"][number],
): Promise<void> {
  const { seq, hash, body, origin } = row;
  const reading = read({ incarnation: life.incarnation, seq, body, private: null, damaged: false }, sha256);
  const identity = reading.ok ? identityOfBody(reading.body) : reading.identity;
  // Its own damaged bytes may have given the same changeId; only another place makes it a repeat.
  const known = identity.changeId === null ? [] : await tx.knownChangeIds([identity.changeId], { ...life, seq });
  await tx.repair(life, seq, { body, hash, origin: origin ?? null, ...identity, repeat: [...known].length > 0 });
}
