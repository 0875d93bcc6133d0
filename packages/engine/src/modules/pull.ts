import { EMPTY_MODULE_HASH, formatHave, type GatewayModule, SyncError } from "@tillsync/protocol";
import type { FetchRequest, Lines, Ports, Sql } from "../ports.ts";
import { type ApplyDesk, applyPage, following } from "./apply.ts";
import { type Building, type Copy, type CopyName, readCopies, readCopy, writeCopy } from "./copy.ts";
import { addGeneration } from "./generations.ts";
import { mergeOverlay } from "./merge.ts";
import { type Page, readGateway, readPage } from "./page.ts";

export interface PullDesk extends ApplyDesk {
  readonly read: Pick<Sql, "get" | "all">;
  readonly ids: Ports["ids"];
  readonly fetch: (request: FetchRequest, signal: AbortSignal, correlationId: string) => Promise<Lines>;
  /** Rows of a page at most; the centre may give fewer. */
  readonly limit: number;
  /** A page was applied. */
  readonly onProgress: () => void;
}

/** Asks which modules have news. */
export async function askGateway(desk: Pick<PullDesk, "read" | "ids" | "fetch" | "signal">) {
  const query = new URLSearchParams();
  // Modules that were never filled, most of them in most shops, need no words.
  for (const { module, scope, cursor, n } of readCopies(desk.read))
    if (cursor !== null && n > 0) query.append("have", formatHave({ module, scope, cursor }));
  const path = `api/sync/gateway${query.size > 0 ? `?${query}` : ""}`;
  return readGateway(await desk.fetch({ path, type: "application/json" }, desk.signal, desk.ids.next()));
}

/** Nothing is left to fetch or to move. A copy that is newer than what a restored centre has stays as it is. */
export function isCurrent(copy: Copy, { cursor, history }: Pick<GatewayModule, "cursor" | "history">): boolean {
  const isHeld = copy.cursor === cursor || history === "kept";
  return copy.building === null && copy.overlay === null && copy.base !== null && isHeld;
}

/**
 * Brings one copy to where the centre stands, from wherever an earlier attempt has left it. What is read meanwhile is the
 * copy before it.
 *
 * @throws SyncError MODULE_DIFFERS when twice what came did not add up to the centre's hash; what the transport throws
 */
export async function pull(desk: PullDesk, name: CopyName, asked: GatewayModule): Promise<void> {
  let target = asked;
  for (let resets = 0; ; ) {
    const copy = readCopy(desk.read, name);
    if (target.history === "kept" && copy.base !== null && copy.building !== null)
      desk.commit((tx) => writeCopy(tx, { ...readCopy(tx, name), building: null }));
    else if (copy.overlay !== null) await mergeOverlay(desk, copy);
    else if (copy.building === null) {
      if (isCurrent(copy, target)) return;
      desk.commit((tx) => begin(tx, desk, copy, target));
    } else {
      const outcome = await fetchAll(desk, copy, copy.building).catch((cause: unknown) => {
        if (!(cause instanceof SyncError && cause.code === "FEED_RESET") || resets++ > 0) throw cause;
        return "reset" as const;
      });
      if (outcome === "reset") target = await afterReset(desk, name, target);
      if (outcome === "wrong" && copy.wrong > 0) throw differs(name);
      if (outcome === "read") return mergeOverlay(desk, readCopy(desk.read, name));
    }
  }
}

/** Only the gateway tells a centre that begins anew from one that was restored, and has less than this till. */
async function afterReset(desk: PullDesk, name: CopyName, target: GatewayModule): Promise<GatewayModule> {
  const targets = await askGateway(desk);
  const now = targets.find(({ module, scope }) => module === name.module && scope === name.scope) ?? target;
  const kept = now.history === "kept" ? {} : { cursor: null };
  desk.commit((tx) => writeCopy(tx, { ...readCopy(tx, name), building: null, ...kept }));
  return now;
}

/** A copy that fits the centre's history goes on with what changed; any other one is fetched anew beside what is read. */
function begin(tx: Sql, desk: PullDesk, copy: Copy, target: GatewayModule): void {
  const { generation } = addGeneration(tx, copy.module);
  const { epoch, n, cursor, rows, hash } = target;
  if (rows === 0 && copy.base === null) {
    // Most shops leave some modules empty: nothing has to be fetched to know what is in them.
    const stands = { base: generation, epoch, n, cursor, rows, hash, pulledAt: desk.clock.wallMs(), wrong: 0 };
    writeCopy(tx, { ...copy, ...stands, expected: 0 });
    return;
  }
  const isShared = copy.epoch === epoch || target.history === "shared";
  const fits = copy.base !== null && copy.cursor !== null && isShared && copy.wrong === 0;
  const { rows: held, hash: heldHash } = copy;
  const building: Building = fits
    ? { phase: "delta", generation, epoch, since: copy.cursor, after: null, rows: held, hash: heldHash ?? "" }
    : { phase: "snapshot", generation, epoch: null, since: null, after: null, rows: 0, hash: EMPTY_MODULE_HASH };
  writeCopy(tx, { ...copy, building, expected: fits ? target.news : rows });
}

/** Fetches page after page, the next one while the last is applied, until the copy is read or thrown away. */
async function fetchAll(desk: PullDesk, copy: Copy, from: Building): Promise<"read" | "wrong"> {
  const abort = new AbortController();
  const signal = AbortSignal.any([desk.signal, abort.signal]);
  const ask = (building: Building) => fetchPage(desk, copy, building, signal);
  try {
    let building = from;
    let coming = ask(building);
    for (;;) {
      const page = await coming;
      // Another history began at the centre: rows of both would be in one copy.
      if (building.epoch !== null && page.header.epoch !== building.epoch) throw reset(copy);
      const next = following(building, page.header);
      if (next !== null) {
        coming = ask(next);
        coming.catch(() => {}); // told when it is waited for
      }
      const [reached, outcome] = await applyPage(desk, copy, building, page);
      page.free();
      desk.onProgress();
      if (outcome !== "more") return outcome;
      building = reached;
    }
  } finally {
    abort.abort();
  }
}

async function fetchPage(desk: PullDesk, copy: CopyName, of: Building, signal: AbortSignal): Promise<Page> {
  const query = new URLSearchParams({ scope: copy.scope });
  if (of.phase !== "snapshot" && of.since !== null) query.set("since", of.since);
  if (of.after !== null) query.set("after", of.after);
  query.set("limit", String(desk.limit));
  const path = `api/sync/modules/${copy.module}?${query}`;
  const lines = await desk.fetch({ path, type: "application/x-ndjson" }, signal, desk.ids.next());
  return readPage(lines, { ...copy, kind: of.phase === "snapshot" ? "snapshot" : "delta" });
}

function reset({ module }: CopyName): SyncError {
  return new SyncError(
    "FEED_RESET",
    `Head office began another history of ${module}; the whole of it is fetched anew.`,
  );
}

function differs({ module, scope }: CopyName): SyncError {
  const message = `What head office sent of ${module} (${scope}) does not add up to its hash, twice; the copy before it stays in use.`;
  return new SyncError("MODULE_DIFFERS", message, { module, scope });
}
