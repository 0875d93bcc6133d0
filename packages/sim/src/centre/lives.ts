import { CHAIN_START, type ChainPlace, type Comparison } from "@tillsync/protocol";
import type { ForkedRow, TerminalLife } from "@tillsync/server/ingest";
import type { View } from "./overlay.ts";
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

/** `INSERT_EVENTS`: another event under the same id gets its life's name as well. */
export function eventIdOf(
  view: View,
  localId: string,
  event: { readonly id: string; readonly text: string },
  { incarnation }: TerminalLife,
): string {
  const there = view.events.get(`${localId}/${event.id}`);
  return there !== undefined && there.event !== event.text ? `${event.id}~${incarnation}` : event.id;
}
