import { sha256 } from "@tillsync/engine";
import { type ExchangeRequest, type ExchangeResponse, SyncError } from "@tillsync/protocol";
import { exchange, type IngestStore, type Outcome, type Scope, submit } from "@tillsync/server/ingest";
import { CentreDatabase } from "../centre/database.ts";
import type { StoreTables } from "../centre/tables.ts";
import { Chronicle } from "../chronicle.ts";
import { noFaults } from "../faults.ts";
import { Random } from "../random.ts";
import { BEGIN_WALL_MS } from "../till/clock.ts";
import { Timeline } from "../timeline.ts";
import type { StreamRequest, TillRequest } from "./stream.ts";
import type { SubmitRequest } from "./submissions.ts";

/** An answer without what only one side can know: epochs and tokens. */
export interface Said {
  readonly answer?: Omit<ExchangeResponse, "serverEpoch" | "cursor">;
  /** The number in the cursor. */
  readonly cursorAt?: number;
  readonly outcomes?: readonly Outcome[];
  readonly refusal?: { readonly code: string; readonly message: string; readonly details: unknown };
}

/** The two doors of a centre. */
interface Doors {
  exchange(request: ExchangeRequest, interrupted: boolean): Promise<ExchangeResponse>;
  submit(request: SubmitRequest): Promise<readonly Outcome[]>;
}

/** One centre that hears a stream: the real one or the simulated one. */
export class Side {
  readonly #doors: Doors;
  readonly #cursors = new Map<string, string>();

  constructor(doors: Doors) {
    this.#doors = doors;
  }

  async hear(asked: StreamRequest): Promise<Said> {
    try {
      if ("submissions" in asked) return { outcomes: await this.#doors.submit(asked) };
      return await this.#exchange(asked);
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      return { refusal: { code: error.code, message: error.message, details: error.details } };
    }
  }

  async #exchange({ request, cursor, interrupted }: TillRequest): Promise<Said> {
    const last = this.#cursors.get(request.terminal) ?? null;
    const token = cursor === "last" ? last : cursor === "none" ? null : (last ?? "x").replace(/^./, "z");
    const {
      serverEpoch: _epoch,
      cursor: next,
      ...answer
    } = await this.#doors.exchange({ ...request, cursor: token }, interrupted);
    this.#cursors.set(request.terminal, next);
    return { answer, cursorAt: Number(next.split(".")[2]) };
  }
}

/** The same clock for both: a minute and a bit passes between two requests. */
export function clockOf(): { readonly nowMs: () => number; tick(): void } {
  let nowMs = BEGIN_WALL_MS;
  return { nowMs: () => nowMs, tick: () => (nowMs += 60_007) };
}

export function postgresSide(store: IngestStore, scope: Scope, nowMs: () => number): Side {
  const context = (interrupted: boolean) => ({ store: interrupted ? dying(store) : store, sha256, nowMs });
  return new Side({
    exchange: (request, interrupted) => exchange(context(interrupted), scope, request),
    submit: ({ terminal, submissions, interrupted }) => submit(context(interrupted), scope, terminal, submissions),
  });
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
  const context = (interrupted: boolean) => ({ store: interrupted ? dying(store) : store, sha256, nowMs });
  const finish = async <T>(work: Promise<T>): Promise<T> => {
    let result: PromiseSettledResult<T> | undefined;
    void Promise.allSettled([work]).then(([settled]) => (result = settled));
    await timeline.passUntil(() => result !== undefined, 600_000);
    if (result === undefined) throw new Error("the simulated centre never answered");
    if (result.status === "rejected") throw result.reason;
    return result.value;
  };
  const side = new Side({
    exchange: (request, interrupted) => finish(exchange(context(interrupted), scope, request)),
    submit: ({ terminal, submissions, interrupted }) =>
      finish(submit(context(interrupted), scope, terminal, submissions)),
  });
  return { side, tables: database.store(scope.storeId) };
}
