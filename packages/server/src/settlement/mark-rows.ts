import { CHAIN_START, ChainCheck, type Flaw, runsOf, type Sha256 } from "@tillsync/protocol";
import type { Scope, TerminalLife } from "../ingest/ports.ts";
import type { SettlementStore, SettlementTransaction } from "./ports.ts";

/** Rows before and behind a row that are looked at with it: one neighbour more than it takes to tell which is wrong. */
const NEIGHBOURS = 2;

/** What became of rows that a comparison found wrong at the centre. */
export interface MarkedRows {
  /** Without intact bytes: the centre asks their till for them from now on, with every answer. */
  readonly asked: readonly number[];
  /** Their bytes were right, and the hash beside them is so again. */
  readonly restored: readonly number[];
  /** Nothing is wrong with them here. */
  readonly intact: readonly number[];
}

/**
 * Looks at rows of a life which somebody found wrong, and marks those that are: as when a shift is judged, and without one.
 * Whoever asks is not believed. A row counts as wrong only when its own bytes do not fit the chain here.
 *
 * @param seqs in order
 */
export function markRows(
  { settlements, sha256 }: { settlements: SettlementStore; sha256: Sha256 },
  scope: Scope,
  { life, seqs, nowMs }: { life: TerminalLife; seqs: readonly number[]; nowMs: number },
): Promise<MarkedRows> {
  return settlements.transaction(scope, async (tx) => {
    await tx.lock(life.terminal);
    const mark = await tx.mark(life);
    if (mark === undefined) return { asked: [], restored: [], intact: [...seqs] };
    const flaws = new Map<number, Flaw>();
    for (const run of runsOf(
      seqs.filter((seq) => seq <= mark.seq),
      2 * NEIGHBOURS,
    )) {
      for (const flaw of await flawsNear(tx, { sha256, life, mark }, run)) flaws.set(flaw.seq, flaw);
    }
    const found = seqs.flatMap((seq) => flaws.get(seq) ?? []);
    const of = (what: Flaw["what"]) => found.flatMap((flaw) => (flaw.what === what ? [flaw.seq] : []));
    const hashes = found.flatMap((flaw) => (flaw.what === "hash" ? [{ seq: flaw.seq, hash: flaw.hash }] : []));
    await tx.flag(life, { altered: of("altered"), missing: of("missing"), hashes, strays: [] }, nowMs);
    return {
      asked: found.flatMap(({ seq, what }) => (what === "hash" ? [] : [seq])),
      restored: of("hash"),
      intact: seqs.filter((seq) => !flaws.has(seq)),
    };
  });
}

interface Near {
  readonly sha256: Sha256;
  readonly life: TerminalLife;
  readonly mark: { readonly seq: number; readonly hash: string };
}

async function flawsNear(
  tx: SettlementTransaction,
  { sha256, life, mark }: Near,
  run: { readonly fromSeq: number; readonly toSeq: number },
): Promise<readonly Flaw[]> {
  const fromSeq = Math.max(1, run.fromSeq - NEIGHBOURS);
  const toSeq = Math.min(mark.seq, run.toSeq + NEIGHBOURS);
  const [before] = fromSeq > 1 ? await tx.rows(life, fromSeq - 1, fromSeq - 1) : [];
  const check = new ChainCheck(sha256, life, {
    fromSeq,
    prevHash: fromSeq === 1 ? CHAIN_START : (before?.hash ?? null),
  });
  for (let from = fromSeq; from <= toSeq; ) {
    const page = await tx.rows(life, from, toSeq);
    for (const row of page) check.add(row);
    from = (page.at(-1)?.seq ?? toSeq) + 1;
  }
  check.skipTo(toSeq + 1);
  return check.end(toSeq === mark.seq ? mark.hash : null);
}
