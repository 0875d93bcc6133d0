import type { Flaw } from "@tillsync/protocol";
import { toTellAgain } from "../ingest/tell-again.ts";

/** What the feed left out while a hash was wrong that the centre could put right by itself. */
export function behindNewHashes(flaws: Iterable<Flaw>): number[] {
  const seqs = [...flaws].flatMap(({ seq, what }) => (what === "hash" ? [seq] : []));
  return toTellAgain(seqs.map((seq) => ({ seq, isNewHash: true })));
}
