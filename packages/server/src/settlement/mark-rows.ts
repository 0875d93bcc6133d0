import {
  CHAIN_START,
  ChainCheck,
  type Flaw,
  privatePart,
  runsOf,
  type Sha256,
  wantedPrivate,
} from "@tillsync/protocol";
import type { Scope, TerminalLife } from "../ingest/ports.ts";
import type { SettlementStore, SettlementTransaction } from "./ports.ts";
import { behindNewHashes } from "./restored.ts";

/** Rows before and behind a row that are looked at with it: one neighbour more than it takes to tell which is wrong. */
const NEIGHBOURS = 2;

/** What became of rows that a comparison found wrong at the centre. */
export interface MarkedRows {
  /** Without intact bytes, for which the centre asks from now on with every answer, or without their private part. */
  readonly asked: readonly number[];
  /** Their bytes were right, and what is kept beside them is so again: the hash, or that they have no private part. */
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
    const privates = new Map<number, "lost" | "stray">();
    for (const run of runsOf(
      seqs.filter((seq) => seq <= mark.seq),
      2 * NEIGHBOURS,
    )) {
      for (const flaw of await flawsNear(tx, { sha256, life, mark, privates }, run)) flaws.set(flaw.seq, flaw);
    }
    const found = seqs.flatMap((seq) => flaws.get(seq) ?? []);
    const of = (what: Flaw["what"]) => found.flatMap((flaw) => (flaw.what === what ? [flaw.seq] : []));
    const hashes = found.flatMap((flaw) => (flaw.what === "hash" ? [{ seq: flaw.seq, hash: flaw.hash }] : []));
    const strays = seqs.filter((seq) => privates.get(seq) === "stray");
    const lost = seqs.filter((seq) => privates.get(seq) === "lost");
    await tx.flag(life, { altered: of("altered"), missing: of("missing"), hashes, strays }, nowMs);
    await tx.tellAgain(life, behindNewHashes(found), nowMs);
    return {
      asked: inOrder([...of("altered"), ...of("missing"), ...lost]),
      restored: inOrder([...of("hash"), ...strays]),
      intact: seqs.filter((seq) => !flaws.has(seq) && !privates.has(seq)),
    };
  });
}

function inOrder(seqs: readonly number[]): number[] {
  return [...new Set(seqs)].sort((one, other) => one - other);
}

interface Near {
  readonly sha256: Sha256;
  readonly life: TerminalLife;
  readonly mark: { readonly seq: number; readonly hash: string };
  /** Takes what is wrong with private parts. */
  readonly privates: Map<number, "lost" | "stray">;
}

async function flawsNear(
  tx: SettlementTransaction,
  { sha256, life, mark, privates }: Near,
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
    for (const row of page) {
      const isIntact = check.add(row) && row.body !== null;
      const part = isIntact ? privatePart(sha256, wantedPrivate(row.body ?? ""), row.private) : "whole";
      if (part !== "whole") privates.set(row.seq, part);
    }
    from = (page.at(-1)?.seq ?? toSeq) + 1;
  }
  check.skipTo(toSeq + 1);
  return check.end(toSeq === mark.seq ? mark.hash : null);
}
