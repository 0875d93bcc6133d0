import { SyncError } from "@tillsync/protocol";

/** Where a reader of the feed stands; it must prove a shared history, not only name a number (design section 2). */
export interface Cursor {
  readonly epoch: string;
  readonly storeId: number;
  readonly n: number;
  /** Chain value at `n`; empty at 0. */
  readonly chain: string;
  /** Of entry `n + 1`, which was too much for one answer, the changes up to here are told as well. */
  readonly within?: number | undefined;
  readonly join?: Join | undefined;
  /** All that the terminal was told, where its kind is told less than it asked for. */
  readonly told?: "own" | "open" | undefined;
}

/**
 * How far a terminal that began without a cursor has come. It has joined when it is told everything up to `until`, where
 * the feed stood at its first question (decision 0022).
 */
export type Join = { readonly until: number } & (
  | /** What became of its own changes, before entry `from`. */ { readonly phase: "own"; readonly from: number }
  | /** Open orders, behind this localId. */ { readonly phase: "open"; readonly after: string }
  | /** The feed from here on. */ { readonly phase: "feed" }
);

export function formatCursor({ epoch, storeId, n, chain, within, join, told }: Cursor): string {
  const place = `${epoch}.${storeId}.${n}.${n === 0 ? "" : chain.slice(0, 32)}`;
  const part = within === undefined ? "" : `+${within}`;
  const phase = join === undefined ? "" : `~${join.until}${formatPhase(join)}`;
  return `${place}${part}${phase}${told === undefined ? "" : `!${told}`}`;
}

function formatPhase(join: Join): string {
  switch (join.phase) {
    case "own":
      return `~own.${join.from}`;
    case "open":
      return `~open.${join.after}`;
    case "feed":
      return "";
  }
}

const TOKEN =
  /^([0-9a-f-]{36})\.(\d{1,10})\.(\d{1,15})\.([0-9a-f]{32})?(?:\+(\d{1,15}))?(?:~(\d{1,15})(?:~own\.(\d{1,15})|~open\.([A-Za-z0-9._:-]{0,64}))?)?(?:!(own|open))?$/;

/** @throws SyncError FEED_RESET for a token that is not one of ours */
export function parseCursor(token: string): Cursor {
  const match = TOKEN.exec(token);
  if (!match) throw feedReset();
  const [, epoch = "", storeId, n, chain = "", within, until, from, after, told] = match;
  const place = { epoch, storeId: Number(storeId), n: Number(n), chain };
  return {
    ...place,
    ...(within === undefined ? {} : { within: Number(within) }),
    ...(until === undefined ? {} : { join: joinOf(Number(until), from, after) }),
    ...(told === "own" || told === "open" ? { told } : {}),
  };
}

function joinOf(until: number, from: string | undefined, after: string | undefined): Join {
  if (from !== undefined) return { until, phase: "own", from: Number(from) };
  if (after !== undefined) return { until, phase: "open", after };
  return { until, phase: "feed" };
}

export function feedReset(): SyncError {
  return new SyncError("FEED_RESET", "The cursor belongs to another history of this feed; start again without one.", {
    field: "cursor",
  });
}
