import { type ExchangeRequest, linkHash, type Sha256, SyncError, type WireChange } from "@tillsync/protocol";
import type { Mark } from "./ports.ts";

/** Where the changes of a request belong: what is new, and what came for a place that is taken by something else. */
export interface Placement {
  /** New changes with their seq, the first right after the mark. */
  readonly fresh: readonly { readonly seq: number; readonly prevHash: string; readonly wire: WireChange }[];
  /** The first change whose place holds another hash. Nothing of the request is applied then. */
  readonly fork: { readonly seq: number; readonly wire: WireChange } | undefined;
}

/**
 * Places a request against what is stored. Pure.
 *
 * @param stored hashes by seq of the part of the request that is not after the mark
 * @throws SyncError GAP when the range starts after the mark; CHAIN_BROKEN when the changes do not chain
 */
export function place(
  request: ExchangeRequest,
  mark: Mark,
  stored: ReadonlyMap<number, string>,
  sha256: Sha256,
): Placement {
  const { fromSeq, changes } = request;
  const facts = { durableThrough: mark.durableThrough, chainHash: mark.chainHash };
  if (fromSeq > mark.durableThrough + 1) {
    const expected = mark.durableThrough + 1;
    throw new SyncError("GAP", `The centre has this life up to seq ${mark.durableThrough}; send from ${expected} on.`, {
      ...facts,
      expected: String(expected),
    });
  }
  const links = chainOf(request, sha256);
  for (const [index, wire] of changes.entries()) {
    const seq = fromSeq + index;
    if (seq > mark.durableThrough) break;
    if (stored.get(seq) !== wire.hash) return { fresh: [], fork: { seq, wire } };
  }
  const fresh = links.filter(({ seq }) => seq > mark.durableThrough);
  const before = fresh[0]?.prevHash ?? request.prevHash;
  const meets = fresh.length > 0 || (changes.length === 0 && fromSeq === mark.durableThrough + 1);
  if (meets && before !== mark.chainHash) {
    throw new SyncError(
      "CHAIN_BROKEN",
      `Seq ${mark.durableThrough + 1} does not follow what the centre holds at ${mark.durableThrough}.`,
      facts,
    );
  }
  return { fresh, fork: undefined };
}

/** Every hash is recomputed from the bytes; only a change that its till has marked as damaged is taken with the hash it claims. */
function chainOf(request: ExchangeRequest, sha256: Sha256): { seq: number; prevHash: string; wire: WireChange }[] {
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
