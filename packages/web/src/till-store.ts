import { useSyncExternalStore } from "react";
import { followTill, type Line } from "./follow-till.ts";
import type { Status } from "./till-api.ts";

/** What every part of the page sees of the till. */
export interface TillState {
  readonly line: Line;
  /** The last one that was told; null before the first. */
  readonly status: Status | null;
  /** Rises when lists may have changed: those who show one read it again. */
  readonly round: number;
}

/** A screen is drawn at most this often, however fast the till sells. */
const DRAW_MS = 100;

/** Lists are read at most this often. */
const ROUND_MS = 1_000;

let state: TillState = { line: "connecting", status: null, round: 0 };
let next = state;
let drawing = false;
let rounding = false;
let stop: (() => void) | undefined;
const readers = new Set<() => void>();

/** Begins to follow the till; again when its key is known. */
export function startFollowing(): void {
  stop?.();
  change({ line: "connecting" });
  stop = followTill({
    line: (line) => change({ line }),
    event: ({ name, data }) => {
      if (name === "status") change({ status: data as Status });
      roundSoon();
    },
  });
}

export function useTill(): TillState {
  return useSyncExternalStore(
    (reader) => {
      readers.add(reader);
      return () => readers.delete(reader);
    },
    () => state,
  );
}

/** Somebody did something on this page; whoever shows a list of it reads it again. */
export function roundSoon(): void {
  if (rounding) return;
  rounding = true;
  setTimeout(() => {
    rounding = false;
    change({ round: next.round + 1 });
  }, ROUND_MS);
}

function change(part: Partial<TillState>): void {
  if (Object.entries(part).every(([name, value]) => next[name as keyof TillState] === value)) return;
  next = { ...next, ...part };
  if (drawing) return;
  drawing = true;
  setTimeout(() => {
    drawing = false;
    state = next;
    for (const reader of readers) reader();
  }, DRAW_MS);
}
