import { CHAIN_START, type ChainPlace, type Comparison } from "@tillsync/protocol";
import type { DocumentRow, ForkedRow, TerminalLife } from "@tillsync/server/ingest";
import type { View } from "./overlay.ts";
import { refuseNul } from "./postgres-limits.ts";
import { headKey } from "./tables.ts";

/** `KEEP_FORKS`. */
export function keepForks(view: View, life: TerminalLife, rows: readonly ForkedRow[]): void {
  for (const row of rows) {
    const key = `${headKey(life.terminal, life.incarnation, row.seq)}/${row.hash}`;
    if (!view.forks.get(key)) view.forks.put(key, { ...life, ...row });
  }
}

/** `COMMON_PLACE` and `OTHER_LIFE`. */
export function compareLife(view: View, life: TerminalLife, places: readonly ChainPlace[]): Comparison {
  const there = places.filter(
    ({ seq, hash }) => view.heads.get(headKey(life.terminal, life.incarnation, seq))?.hash === hash,
  );
  const common = there.sort((one, next) => one.seq - next.seq).at(-1) ?? { seq: 0, hash: CHAIN_START };
  const others = [...view.lives.values()]
    .filter((row) => row.terminal === life.terminal && row.incarnation !== life.incarnation && row.durableThrough > 0)
    .sort((one, next) => one.ordinal - next.ordinal);
  const last = others.at(-1);
  if (last === undefined) return { common, other: null };
  const { incarnation, durableThrough, chainHash } = last;
  return { common, other: { incarnation, durableThrough, chainHash } };
}

/** `INSERT_EVENTS`. */
export function putEvents(view: View, life: TerminalLife, documents: readonly DocumentRow[]): void {
  for (const { localId, seq, events } of documents) {
    for (const event of events) {
      const text = JSON.stringify(event);
      refuseNul(JSON.parse(text) as unknown);
      const eventId = eventIdOf(view, localId, { id: event.id, text }, life);
      const key = `${localId}/${eventId}`;
      if (!view.events.get(key)) view.events.put(key, { localId, eventId, event: text, seq, ...life });
    }
  }
}

/** Another event under the same id gets its life's name as well. */
function eventIdOf(
  view: View,
  localId: string,
  event: { readonly id: string; readonly text: string },
  { incarnation }: TerminalLife,
): string {
  const there = view.events.get(`${localId}/${event.id}`);
  return there !== undefined && there.event !== event.text ? `${event.id}~${incarnation}` : event.id;
}
