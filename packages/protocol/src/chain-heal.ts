import { CHAIN_START, linkHash, type Origin, type Sha256 } from "./chain.ts";
import type { FoundRow } from "./chain-check.ts";

/** The bytes of a change from the other side, and the hash before them as that side has it. */
export interface Gift {
  readonly seq: number;
  readonly body: string;
  readonly prevHash?: string | undefined;
  readonly origin?: Origin | undefined;
}

/** What gifts make of the rows that were found. */
export interface Healing {
  /** Rows whose place takes these bytes and this hash. */
  readonly rows: readonly (FoundRow & { readonly hash: string; readonly body: string })[];
  /** Rows whose bytes were right, and whose hash is this one. */
  readonly hashes: readonly { readonly seq: number; readonly hash: string }[];
  /** Rows that did not fit behind bytes which may have been right: perhaps it is they that were altered. */
  readonly doubted: readonly number[];
}

/**
 * Takes back what fits the chain, and nothing else. A gift fits when its bytes give the hash that is kept for its place, or
 * when the change behind it follows it. The hash before it was hashed with it, so that one is right as well: gifts are
 * taken from the last to the first, each telling what the one before it must be.
 *
 * @param found the rows at the places of the gifts, before and behind them, as far as they are there
 * @param known the hash of the life's last change, as somebody else knows it
 */
export function heal(
  sha256: Sha256,
  life: { readonly terminal: string; readonly incarnation: string },
  gifts: readonly Gift[],
  { found, known }: { found: ReadonlyMap<number, FoundRow>; known: { seq: number; hash: string } },
): Healing {
  const { terminal, incarnation } = life;
  const rows = new Map(found);
  const healed = new Map<number, Healing["rows"][number]>();
  const hashes = new Map<number, string>([[known.seq, known.hash]]);
  const doubted: number[] = [];
  const link = (row: Omit<Gift, "prevHash">, prevHash: string) =>
    linkHash(sha256, { terminal, incarnation, seq: row.seq, prevHash, origin: row.origin, body: row.body });
  for (const gift of [...gifts].sort((one, other) => other.seq - one.seq)) {
    const { seq, body, origin } = gift;
    const prevHash = gift.prevHash ?? (seq === 1 ? CHAIN_START : rows.get(seq - 1)?.hash) ?? undefined;
    if (prevHash === undefined) continue;
    const hash = link(gift, prevHash);
    const next = rows.get(seq + 1);
    const canTell = next !== undefined && next.body !== null && next.hash !== null;
    const follows = canTell && link({ ...next, body: next.body ?? "" }, hash) === next.hash;
    if (hash !== rows.get(seq)?.hash && hash !== hashes.get(seq) && !follows) {
      // With a hash of its own here, it would have fitted that one.
      if (canTell && (rows.get(seq)?.hash ?? null) === null) doubted.push(seq + 1);
      continue;
    }
    healed.set(seq, { seq, hash, body, origin });
    rows.set(seq, { seq, hash, body, origin });
    hashes.set(seq - 1, prevHash);
    const before = rows.get(seq - 1);
    if (before && before.hash !== prevHash) rows.set(seq - 1, { ...before, hash: prevHash });
  }
  return {
    rows: [...healed.values()],
    hashes: [...rows.values()].flatMap(({ seq, hash }) => {
      const was = found.get(seq);
      return hash !== null && was !== undefined && was.hash !== hash && !healed.has(seq) ? [{ seq, hash }] : [];
    }),
    doubted,
  };
}
