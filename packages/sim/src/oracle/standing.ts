import { documentKey, type FeedRow, type HeadRow, headKey, type StoreTables } from "../centre/tables.ts";
import type { StoreAtEnd } from "./centre.ts";
import { conflictName, isDeletion, isInSync, mayComeAfter, type Version, versionOf } from "./rule.ts";

interface Standing extends Version {
  readonly place: string;
}

interface Told {
  readonly entry: FeedRow;
  readonly place: string;
  readonly head: HeadRow;
  readonly document: string;
  readonly next: Standing;
}

/**
 * I16: what stands is what the rules make of the stored changes in the order of the feed, and so is every verdict on the
 * way. Nothing applied is lost or overtaken by a lower version, what was deleted stays deleted unless a till had been
 * paid, and each conflict lost to what stood at that moment.
 */
export function checkStandings(store: StoreAtEnd): void {
  const { chronicle, tables } = store;
  const standings = new Map<string, Standing>();
  const story = storyOf(tables);
  for (const [index, told] of story.entries()) {
    const standing = standings.get(told.document);
    const isVerdict = told.entry.effect === "conflict" && told.entry.code !== "DISCARDED";
    if (isVerdict && !told.head.repeat) checkConflict(store, told, standing);
    if (told.entry.effect !== "applied") continue;
    const mayCome = mayComeAfter(standing, told.next);
    if (!mayCome && isInSync(standing, told.next)) continue;
    if (!mayCome && !isPaidWith(story, index))
      chronicle.violate("I16", `${nameOf(told)} was applied after ${describe(standing)}`);
    if (standing && isDeletion(standing) && told.next.kind === "order.closed")
      chronicle.hit("till.paid-after-deletion", told.place);
    standings.set(told.document, told.next);
  }
  for (const [key, document] of tables.documents) {
    const standing = standings.get(key);
    const place = headKey(document.terminal, document.incarnation, document.seq);
    const isThat = standing?.place === place && standing.version === document.version;
    if (!isThat || standing.content !== document.contentHash || isDeletion(standing) !== (document.state === "deleted"))
      chronicle.violate("I16", `document ${key} is ${document.state} by ${place}; it should be ${describe(standing)}`);
    standings.delete(key);
  }
  for (const [key, standing] of standings)
    chronicle.violate("I16", `the centre lacks document ${key}: ${describe(standing)}`);
}

/** Every verdict on a change that can be read, in the order of the feed. */
function storyOf({ counter, feed, heads }: StoreTables): Told[] {
  const story: Told[] = [];
  for (let n = 1; n <= (counter.get("counter")?.n ?? 0); n++) {
    const entry = feed.get(String(n));
    if (entry === undefined || entry.settlement !== undefined || entry.again === true) continue;
    for (let seq = entry.fromSeq; seq <= entry.toSeq; seq++) {
      const place = headKey(entry.terminal, entry.incarnation, seq);
      const head = heads.get(place);
      if (head === undefined || head.kind === null || head.localId === null) continue;
      const document = documentKey(head.kind.slice(0, head.kind.indexOf(".")), head.localId);
      story.push({ entry, place, head, document, next: { ...versionOf(head.body, head.terminal), place } });
    }
  }
  return story;
}

/** A till's edits that came in one batch with the payment that follows them count with it, whatever stood before. */
function isPaidWith(story: readonly Told[], index: number): boolean {
  const edit = story[index];
  if (edit?.next.kind !== "order.edited") return false;
  for (const later of story.slice(index + 1)) {
    if (later.entry.chain !== edit.entry.chain) return false;
    if (later.document === edit.document && later.next.kind === "order.closed") return later.entry.effect === "applied";
  }
  return false;
}

function checkConflict({ chronicle, foreign }: StoreAtEnd, told: Told, standing: Standing | undefined): void {
  const { entry, head, next } = told;
  if (mayComeAfter(standing, next)) {
    chronicle.violate(
      "I16",
      `${nameOf(told)} is a conflict (${head.message}), and may come after ${describe(standing)}`,
    );
    return;
  }
  if (standing === undefined || !foreign.terminals.has(entry.terminal)) return;
  if (isInSync(standing, next))
    chronicle.violate("I16", `${nameOf(told)} is a conflict, and is what stands: ${describe(standing)}`);
  const code = conflictName(standing, next);
  if (entry.code !== code)
    chronicle.violate(
      "I16",
      `${nameOf(told)} is a conflict named ${entry.code}; after ${describe(standing)} it is ${code}`,
    );
}

function nameOf({ place, document, next }: Told): string {
  return `${place} (${next.kind} of ${document}, v${next.version} ${next.content?.slice(0, 8) ?? ""})`;
}

function describe(standing: Standing | undefined): string {
  if (standing === undefined) return "nothing";
  return `${standing.kind} v${standing.version} ${standing.content?.slice(0, 8) ?? ""} by ${standing.place}`;
}
