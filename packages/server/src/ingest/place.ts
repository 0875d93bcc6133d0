import { type ExchangeRequest, linkHash, type Sha256, SyncError, type WireChange } from "@tillsync/protocol";
import type { Mark } from "./ports.ts";

/** Where the changes of a request belong. */
export type Placement =
  | { readonly kind: "fits"; readonly fresh: readonly Placed[] }
  /**
   * The till's chain left the stored one: another change holds this place, or what comes next follows another history.
   * `forked` is the evidence to keep, as far as the request holds any: what the till has there, and behind it.
   */
  | { readonly kind: "fork"; readonly seq: number; readonly forked: readonly Placed[] };

/** A new change with its place: the first comes right after the mark. */
export interface Placed {
  readonly seq: number;
  readonly prevHash: string;
  readonly wire: WireChange;
}

/**
 * Places a request against what is stored. Pure.
 *
 * @param stored hashes by seq of the part of the request that is not after the mark
 * @param links what `chainOf` says of the request, when that is known already
 * @throws SyncError GAP when the range starts after the mark; CHAIN_BROKEN when bytes changed on their way
 */
export function place(
  request: ExchangeRequest,
  mark: Mark,
  stored: ReadonlyMap<number, string>,
  sha256: Sha256,
  links: readonly Placed[] = [],
): Placement {
  const { fromSeq, changes } = request;
  const { durableThrough, chainHash } = mark;
  const next = durableThrough + 1;
  if (fromSeq > next) {
    const message = `The centre has this life up to seq ${durableThrough}; send from ${next} on.`;
    throw new SyncError("GAP", message, { durableThrough, chainHash, expected: String(next) });
  }
  const chain = links.length === request.changes.length ? links : chainOf(request, sha256);
  const forkAt = (from: number) =>
    ({ kind: "fork", seq: from, forked: chain.filter(({ seq }) => seq >= from) }) satisfies Placement;
  for (const { seq, wire } of chain) {
    if (seq > durableThrough) break;
    const there = stored.get(seq) ?? LOST;
    if (there !== LOST && there !== wire.hash) return forkAt(seq);
  }
  const fresh = chain.filter(({ seq }) => seq > durableThrough);
  const first = fresh[0];
  const follows = first?.prevHash ?? (fromSeq === next && changes.length === 0 ? request.prevHash : chainHash);
  return follows === chainHash ? { kind: "fits", fresh } : forkAt(next);
}

/** A row that the centre itself has lost is no other history; settlement finds it, and asks for it. */
const LOST = "0".repeat(64);

/**
 * The changes of a request with their places. Every hash is recomputed from the bytes; only a change that its till has
 * marked as damaged is taken with the hash it claims.
 *
 * @throws SyncError CHAIN_BROKEN
 */
export function chainOf(request: ExchangeRequest, sha256: Sha256): Placed[] {
  const { terminal, incarnation, fromSeq } = request;
  let prevHash = request.prevHash;
  return request.changes.map((wire, index) => {
    const seq = fromSeq + index;
    const link = { seq, prevHash, wire };
    const hash = linkHash(sha256, { terminal, incarnation, seq, prevHash, origin: wire.origin, body: wire.body });
    if (hash !== wire.hash && !wire.damaged) {
      throw new SyncError(
        "CHAIN_BROKEN",
        `The bytes of seq ${seq} do not give the hash that came with them; they changed on the way.`,
        {
          field: `changes.${index}.hash`,
          seq,
        },
      );
    }
    prevHash = wire.hash;
    return link;
  });
}
