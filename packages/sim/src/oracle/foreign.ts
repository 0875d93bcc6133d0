import { documentKey, type HeadRow, headKey, lifeKey } from "../centre/tables.ts";
import { changeHash, START, said } from "./bytes.ts";
import { announcements, type StoreAtEnd } from "./centre.ts";
import { CENTRAL, keyOfHead } from "./stored-index.ts";

/** I1, I5, I9, I14, I16 and I21 of whoever has no journal, after everything has come to rest. */
export function checkForeign(store: StoreAtEnd): void {
  const announced = announcements(store);
  for (const terminal of store.foreign.terminals) {
    const heads = centralLife(store, terminal);
    checkOnce(store, terminal, heads);
    for (const head of heads) checkAnnounced(store, head, announced.get(placeOf(head)) ?? []);
  }
  for (const told of store.foreign.told(store.storeId)) {
    const wrong = store.foreign.wrongOf(told);
    if (wrong !== null) store.chronicle.violate(told.effect === "conflict" ? "I16" : "I1", wrong);
  }
  checkPaid(store);
}

/** I9: the one life of a device is gapless and chained, and ends where the centre says. */
function centralLife({ tables, chronicle }: StoreAtEnd, terminal: string): HeadRow[] {
  const life = tables.lives.get(lifeKey(terminal, CENTRAL));
  const heads: HeadRow[] = [];
  let prevHash = START;
  for (let seq = 1; seq <= (life?.durableThrough ?? 0); seq++) {
    const head = tables.heads.get(headKey(terminal, CENTRAL, seq));
    if (head === undefined) continue; // a hole, which is I5's
    const hash = changeHash({ terminal, incarnation: CENTRAL, seq, prevHash, origin: "", body: head.body });
    if (hash !== head.hash) chronicle.violate("I9", `${placeOf(head)} does not follow the change before it`);
    prevHash = head.hash;
    heads.push(head);
  }
  if (life && life.chainHash !== prevHash) chronicle.violate("I9", `${terminal}: the mark is not the end of its chain`);
  for (const head of tables.heads.values()) {
    if (head.terminal === terminal && (head.incarnation !== CENTRAL || head.seq > (life?.durableThrough ?? 0)))
      chronicle.violate("I9", `${placeOf(head)} is outside of the one life of its device`);
  }
  return heads;
}

/** I1: what was sent is stored once however often it came, as it was sent; nothing else is. */
function checkOnce({ chronicle, foreign }: StoreAtEnd, terminal: string, heads: readonly HeadRow[]): void {
  const seen = new Map<string, string>();
  for (const head of heads) {
    const key = keyOfHead(terminal, head);
    const before = seen.get(key);
    if (before !== undefined)
      chronicle.violate("I1", `${placeOf(head)} and ${before} are the same version, sent again`);
    seen.set(key, placeOf(head));
    const sent = foreign.find(key);
    if (sent === undefined) chronicle.violate("I1", `the centre has ${placeOf(head)}, which nobody sent`);
    else if (sent.payload.content !== undefined && sent.payload.content !== said(head.body).content)
      chronicle.violate("I1", `${placeOf(head)} has other content than was sent`);
  }
}

/** I14: the feed tells each of them once, with its effect; again only when it had to wait. */
function checkAnnounced({ chronicle }: StoreAtEnd, head: HeadRow, effects: readonly string[]): void {
  const settled = effects.filter((effect) => effect !== "waiting");
  const expected = head.effect === "waiting" ? 0 : 1;
  if (settled.length !== expected || effects.length === 0)
    chronicle.violate("I14", `${placeOf(head)} is ${head.effect}; the feed says ${effects.join(", ") || "nothing"}`);
}

/**
 * I21: a sale paid on a till counts. It may lose to another document of the same id that was final before, never to a
 * deletion of which its till had not heard.
 */
function checkPaid({ chronicle, tables }: StoreAtEnd): void {
  for (const head of tables.heads.values()) {
    if (head.kind !== "order.closed" || head.effect !== "conflict" || head.repeat) continue;
    const document = tables.documents.get(documentKey("order", head.localId ?? ""));
    const isGone = document?.state === "deleted" && document.contentHash === null;
    if (isGone && document.terminal !== head.terminal)
      chronicle.violate("I21", `${placeOf(head)} was paid, and order ${head.localId} is deleted`);
  }
}

function placeOf({ terminal, incarnation, seq }: HeadRow): string {
  return headKey(terminal, incarnation, seq);
}
