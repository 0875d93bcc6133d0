import { hash } from "node:crypto";
import { LIMITS, type Settlement } from "@tillsync/protocol";
import {
  type FeedReader,
  type FeedRowRead,
  type OpenChange,
  type Run,
  runsOf,
  type Slice,
  type TerminalLife,
  type Told,
} from "@tillsync/server/ingest";
import type { View } from "./overlay.ts";
import { refuseNul } from "./postgres-limits.ts";
import { COUNTER, type FeedCounter, type FeedRow, type HeadRow, headKey } from "./tables.ts";

/** Appends to the store's feed; the caller holds the counter's lock until it commits. */
export function appendRuns(
  view: View,
  life: TerminalLife,
  runs: readonly (Run & { readonly settlement?: Settlement })[],
): void {
  const counter = view.counter.get(COUNTER);
  if (counter === undefined) return;
  // Something of its own in each commit: another history of the same changes has other values.
  const { terminal, incarnation } = life;
  const told = runs.map(({ fromSeq }) => view.heads.get(headKey(terminal, incarnation, fromSeq))?.hash);
  const chain = hash("sha256", counter.chain + JSON.stringify([life, runs, told]), "hex");
  for (const [index, run] of runs.entries()) {
    refuseNul(run.code, run.message);
    const n = counter.n + index + 1;
    view.feed.put(String(n), { n, chain, ...life, ...run });
  }
  view.counter.put(COUNTER, { ...counter, n: counter.n + runs.length, chain });
}

/** What the same feed is called from here on, when the name it had is `epoch`. */
export function renewed(counter: FeedCounter, epoch: string): FeedCounter {
  return { ...counter, epoch, former: [...counter.former, { epoch: counter.epoch, n: counter.n }] };
}

/** The same, when it is called `from` now; the caller holds the counter's lock. @returns whether it was */
export function renewIn(view: View, from: string, to: string): boolean {
  const counter = view.counter.get(COUNTER);
  if (counter?.epoch !== from) return false;
  view.counter.put(COUNTER, renewed(counter, to));
  return true;
}

/** The statements of `ingest/postgres-feed.ts` on maps, with a moment before each. A run is shorter than `feed.keepDays`. */
export function memoryFeed(view: View, pause: () => Promise<void>): FeedReader {
  return {
    row: async (terminal, n, limit) => {
      await pause();
      return rowBehind(view, terminal, n, limit);
    },
    told: async (slices, kinds, scope) => {
      await pause();
      return toldOf(
        view,
        slices,
        (head) => kinds.includes(head.kind ?? "") && (scope !== "open" || wasOpen(view, head)),
      );
    },
    lastBefore: async () => 0,
    openChanges: async (after, orders) => {
      await pause();
      return openChanges(view, after, orders);
    },
  };
}

function rowBehind(view: View, terminal: string | null, after: number, limit: number): FeedRowRead {
  const counter = view.counter.get(COUNTER);
  if (counter === undefined) throw new Error("this store has no feed counter");
  const entries: FeedRowRead["entries"][number][] = [];
  for (let n = after + 1; n <= counter.n && entries.length < limit; n++) {
    const row = view.feed.get(String(n));
    if (row && (terminal === null || row.terminal === terminal)) entries.push(storedEntry(row));
  }
  return { ...counter, cursorChain: view.feed.get(String(after))?.chain ?? null, entries };
}

function storedEntry({ settlement, again, ...row }: FeedRow): FeedRowRead["entries"][number] {
  return { ...row, settlement: settlement ?? null, again: again ?? false };
}

function toldOf(view: View, slices: readonly Slice[], isWanted: (head: HeadRow) => boolean): Told[] {
  const told: Told[] = [];
  let bytes = 0;
  for (const { n, terminal, incarnation, fromSeq, toSeq } of slices) {
    for (let seq = fromSeq; seq <= toSeq; seq++) {
      const head = view.heads.get(headKey(terminal, incarnation, seq));
      if (head === undefined || head.damaged || !isWanted(head)) continue;
      const body = bytes < LIMITS.maxFeedBytes ? head.body : null;
      told.push({ n, seq, ...hashedWith(view, head), body });
      bytes += Buffer.byteLength(head.body);
    }
  }
  return told;
}

function hashedWith(view: View, { terminal, incarnation, seq, hash: own, origin }: HeadRow) {
  return { hash: own, origin, prevHash: view.heads.get(headKey(terminal, incarnation, seq - 1))?.hash ?? null };
}

/** `READ_TELLABLE`, as runs. */
export function tellableRuns(view: View, { terminal, incarnation }: TerminalLife, seqs: readonly number[]): Run[] {
  const heads = seqs.flatMap((seq) => view.heads.get(headKey(terminal, incarnation, seq)) ?? []);
  const tellable = heads.filter(({ effect }) => effect === "applied" || effect === "conflict");
  return runsOf(tellable).map((run) => ({ ...run, again: true }));
}

function wasOpen(view: View, { kind, localId }: HeadRow): boolean {
  if (kind !== "order.closed") return true;
  for (const head of view.heads.values()) if (head.localId === localId && head.kind === "order.edited") return true;
  return false;
}

function openChanges(view: View, after: string, orders: number): OpenChange[] {
  const open = [...view.documents.values()].filter(
    ({ entity, state, localId }) => entity === "order" && state === "open" && localId > after,
  );
  const ids = new Set(
    open
      .map(({ localId }) => localId)
      .sort()
      .slice(0, orders),
  );
  const heads = [...view.heads.values()].filter(
    ({ localId, kind, effect, damaged }) =>
      ids.has(localId ?? "") && kind === "order.edited" && effect === "applied" && !damaged,
  );
  return heads
    .map((head) => {
      const { terminal, incarnation, seq, body } = head;
      return { localId: head.localId ?? "", terminal, incarnation, seq, body, ...hashedWith(view, head) };
    })
    .sort((a, b) => (a.localId < b.localId ? -1 : a.localId > b.localId ? 1 : a.seq - b.seq));
}
