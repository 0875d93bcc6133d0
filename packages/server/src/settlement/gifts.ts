import {
  CHAIN_START,
  linkHash,
  type Missing,
  privatePart,
  type Repair,
  type Sha256,
  wantedPrivate,
} from "@tillsync/protocol";
import type { Scope } from "../ingest/ports.ts";
import type { SettlementStore, StoredRow } from "./ports.ts";

/** Bytes of bodies in one answer; a till asks again for the rest. */
const MAX_GIFT_BYTES = 2 * 1024 * 1024;

/**
 * What a till has lost and the centre has: bytes that give their hash, with the hash before them, and the private part that
 * fits them. Rows of which the centre lacks the same are noted: nobody has them, and their shift ends with an exception.
 */
export function giftsFor(
  { settlements, sha256 }: { settlements: SettlementStore; sha256: Sha256 },
  scope: Scope,
  { terminal, lacks }: { terminal: string; lacks: readonly Missing[] },
): Promise<Repair[]> {
  return settlements.transaction(scope, async (tx) => {
    const gifts: Repair[] = [];
    let bytes = 0;
    for (const { incarnation, seq, private: isPrivate = false } of lacks) {
      const life = { terminal, incarnation };
      const [row] = await tx.rows(life, seq, seq);
      const [before] = seq > 1 ? await tx.rows(life, seq - 1, seq - 1) : [];
      const prevHash = seq === 1 ? CHAIN_START : before?.hash;
      const gift = row && prevHash ? giftOf(row, { sha256, life, prevHash }) : undefined;
      if (gift === undefined) {
        // The till that lacks its private part only will send these bytes.
        if (row?.damaged && !isPrivate) await tx.noteLacked(life, [seq]);
        continue;
      }
      const isWhole = privatePart(sha256, wantedPrivate(gift.body), row?.private ?? null) === "whole";
      if (!isWhole && isPrivate) await tx.noteLacked(life, [seq]);
      const size = gift.body.length + (row?.private?.length ?? 0);
      if (gifts.length > 0 && bytes + size > MAX_GIFT_BYTES) break;
      bytes += size;
      gifts.push(isWhole && row?.private ? { ...gift, private: row.private } : gift);
    }
    return gifts;
  });
}

function giftOf(
  { seq, hash, body, origin }: StoredRow,
  { sha256, life, prevHash }: { sha256: Sha256; life: { terminal: string; incarnation: string }; prevHash: string },
): Repair | undefined {
  if (body === null || linkHash(sha256, { ...life, seq, prevHash, origin, body }) !== hash) return undefined;
  return { incarnation: life.incarnation, seq, body, prevHash, ...(origin ? { origin } : {}) };
}
