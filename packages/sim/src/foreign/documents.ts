import { hash } from "node:crypto";
import type { Submission } from "@tillsync/server/ingest";
import type { Random } from "../random.ts";

/** A document as somebody without a journal has it; its identity at the centre is entity and localId. */
export interface ForeignDocument extends Submission {
  readonly kind: "order.submitted" | "transaction.submitted" | "inventory.submitted";
}

/** Everything that two submissions have to share to be the same one, sent again. */
export function submissionKey(terminal: string, { kind, localId, version, payload }: Submission): string {
  return `${terminal} ${kind} ${localId} ${version} ${payload.contentHash ?? ""}`;
}

/** One text for the document that a submission speaks of. */
export function documentOf({ kind, localId }: Submission): string {
  return `${kind.slice(0, kind.indexOf("."))}/${localId}`;
}

export interface Place {
  readonly kind: ForeignDocument["kind"];
  readonly localId: string;
  readonly version: number;
}

/** A document with new content at a place: made, or edited. `poison` is what the centre can store and never apply. */
export function documentAt(
  place: Place,
  { random, device, currency, poison }: { random: Random; device: string; currency: string; poison: boolean },
): ForeignDocument {
  const totalMinor = random.between(-2_000, 900_000);
  const content = JSON.stringify({ total: totalMinor, items: random.hex(8), note: random.pick(NOTES) });
  const payload = {
    device,
    content,
    contentHash: hash("sha256", content, "hex"),
    currency,
    ...(random.chance(0.9) ? { totalMinor } : { flags: ["TOTAL_UNREADABLE"] }),
    ...(random.chance(0.5) ? { number: `ORD-${random.below(50)}` } : {}),
    ...(random.chance(0.5) ? { type: random.pick(["sale", "refund", "payin"]) } : {}),
  };
  const when = { businessDate: "2026-01-16", occurredAt: "2026-01-16T10:11:12.345Z" };
  if (!poison) return { ...place, ...when, payload };
  return random.pick<() => ForeignDocument>([
    () => ({ ...place, ...when, payload: { ...payload, type: "sa\0le" } }),
    () => ({ ...place, ...when, payload: { ...payload, number: "\0" } }),
    () => ({ ...place, ...when, occurredAt: "0000-01-01T00:00:00.000Z", payload }),
    () => ({ ...place, ...when, payload: { ...payload, surprise: true } }),
    () => ({ ...place, ...when, payload: { content, currency } }),
  ])();
}

/** The last one cannot be a column of PostgreSQL, but nobody makes one of it: content is opaque. */
const NOTES = ["", "no sugar", "手拭い", '"', "a\0b"];
