import { sha256 } from "@tillsync/engine";
import { type ExchangeRequest, type ExchangeResponse, SyncError } from "@tillsync/protocol";
import { exchange, type IngestStore, type Scope } from "@tillsync/server/ingest";
import { CentreDatabase } from "../centre/database.ts";
import type { StoreTables } from "../centre/tables.ts";
import { Chronicle } from "../chronicle.ts";
import { noFaults } from "../faults.ts";
import { Random } from "../random.ts";
import { BEGIN_WALL_MS } from "../till/clock.ts";
import { Timeline } from "../timeline.ts";
import type { StreamRequest } from "./stream.ts";

/** An answer without what only one side can know: epochs and tokens. */
export interface Said {
  readonly answer?: Omit<ExchangeResponse, "serverEpoch" | "cursor">;
  /** The number in the cursor. */
  readonly cursorAt?: number;
  readonly refusal?: { readonly code: string; readonly message: string; readonly details: unknown };
}

type Ask = (request: ExchangeRequest, interrupted: boolean) => Promise<ExchangeResponse>;

/** One centre that hears a stream: the real one or the simulated one. */
export class Side {
  readonly #ask: Ask;
  readonly #cursors = new Map<string, string>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async hear({ request, cursor, interrupted }: StreamRequest): Promise<Said> {
    const last = this.#cursors.get(request.terminal) ?? null;
    const token = cursor === "last" ? last : cursor === "none" ? null : (last ?? "x").replace(/^./, "z");
    try {
      const {
        serverEpoch: _epoch,
        cursor: next,
        ...answer
      } = await this.#ask({ ...request, cursor: token }, interrupted);
      this.#cursors.set(request.terminal, next);
      return { answer, cursorAt: Number(next.split(".")[2]) };
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      return { refusal: { code: error.code, message: error.message, details: error.details } };
    }
  }
}

/** The same clock for both: a minute passes between two requests. */
export function clockOf(): { readonly nowMs: () => number; tick(): void } {
  let nowMs = BEGIN_WALL_MS;
  return { nowMs: () => nowMs, tick: () => (nowMs += 60_000) };
}

export function postgresSide(store: IngestStore, scope: Scope, nowMs: () => number): Side {
  return new Side((request, interrupted) =>
    exchange({ store: interrupted ? dying(store) : store, sha256, nowMs }, scope, request),
  );
}

/** A server that does not live to see its second transaction. */
function dying(store: IngestStore): IngestStore {
  let transactions = 0;
  return {
    serverEpoch: store.serverEpoch,
    transaction: (scope, fn) => {
      if (++transactions > 1) return Promise.reject(new SyncError("UNAVAILABLE", "The server died."));
      return store.transaction(scope, fn);
    },
  };
}

export function memorySide(
  scope: Scope,
  terminals: readonly string[],
  nowMs: () => number,
): { side: Side; tables: StoreTables } {
  const timeline = new Timeline();
  const chronicle = new Chronicle(() => timeline.nowMs);
  const database = new CentreDatabase({ timeline, random: new Random("calm"), chronicle, faults: noFaults() });
  database.addStore(scope.storeId);
  for (const terminal of terminals) database.enrol(scope.storeId, terminal);
  const store = database.connect({ reached: () => {} });
  const ask: Ask = async (request, interrupted) => {
    let result: PromiseSettledResult<ExchangeResponse> | undefined;
    void Promise.allSettled([
      exchange({ store: interrupted ? dying(store) : store, sha256, nowMs }, scope, request),
    ]).then(([settled]) => (result = settled));
    await timeline.passUntil(() => result !== undefined, 600_000);
    if (result === undefined) throw new Error("the simulated centre never answered");
    if (result.status === "rejected") throw result.reason;
    return result.value;
  };
  return { side: new Side(ask), tables: database.store(scope.storeId) };
}
