import { hash } from "node:crypto";
import type { HeadRow } from "../centre/tables.ts";
import type { Entry } from "./till-view.ts";

/** Whether a private part is the one that its change names, by the words of docs/protocol.md and without the product's code. */
export function isPrivateRight(body: string, text: string | null): boolean {
  const wanted = wantedOf(body);
  if (wanted === null || text === null) return wanted === text;
  return text === "erased" || hash("sha256", `tillsync/private/1\n${text}`, "hex") === wanted;
}

/** What is wrong with the private part of a change whose shift is settled; null when nothing is that anybody could mend. */
export function privateFault(entry: Entry, head: HeadRow | undefined): string | null {
  if (head === undefined || head.damaged || head.body !== entry.body) return null;
  const atTill = isPrivateRight(entry.body, entry.private);
  const atCentre = isPrivateRight(head.body, head.private);
  if (atTill && !atCentre) return "the centre lacks the private part that its till has";
  if (atCentre && !atTill) return "its till lacks the private part that the centre has";
  const isStray = wantedOf(entry.body) === null && (entry.private !== null || head.private !== null);
  return isStray ? "a private part is kept that belongs to no change" : null;
}

function wantedOf(body: string): string | null {
  try {
    const { private: wanted } = (JSON.parse(body) as { private?: unknown } | null) ?? {};
    return typeof wanted === "string" ? wanted : null;
  } catch {
    return null; // bytes that say nothing name no private part
  }
}
