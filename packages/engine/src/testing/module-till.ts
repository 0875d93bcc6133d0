import { PACES } from "@tillsync/lanes";
import type { GatewayModule, ModuleName, RowOf, Scope } from "@tillsync/protocol";
import { onTestFinished } from "vitest";
import { itemsOf } from "../modules/items.ts";
import { Layers } from "../modules/layers.ts";
import { ModulePulls } from "../modules/pulls.ts";
import type { ModuleStatus } from "../modules/status.ts";
import type { Clock, LocalStore, Sql } from "../ports.ts";
import { openStore } from "../sqlite/index.ts";
import { sha256 } from "../system/sha256.ts";
import { FakeClock, settled } from "./fake-clock.ts";
import { FakeIds } from "./fake-ids.ts";
import { FakeModules } from "./fake-modules.ts";
import { tempFile } from "./temp-folder.ts";

/** More than any test needs to come to rest. */
const MAX_TURNS = 500;

/** Just that of a till which has to do with reference data, on real SQLite; the centre's modules are in the test's hands. */
export class ModuleTill {
  readonly file = tempFile();
  readonly clock = new FakeClock();
  readonly ids = new FakeIds(this.clock);
  readonly centre: FakeModules;
  readonly #open: (file: string) => LocalStore;
  /** Called at the end of each transaction of the pulls, before it is committed; what it throws fails it. */
  beforeCommit: () => void = () => {};
  #store: LocalStore | undefined;
  #pulls: ModulePulls | undefined;

  /** Called after each of them that was committed. */
  afterCommit: () => void = () => {};

  /** @param open gives the same database each time */
  constructor(centre = new FakeModules(), open: (file: string) => LocalStore = openStore) {
    this.centre = centre;
    this.#open = open;
    onTestFinished(() => this.#store?.close());
  }

  get store(): LocalStore {
    if (this.#store === undefined) throw new Error("the till was not started");
    return this.#store;
  }

  get pulls(): ModulePulls {
    if (this.#pulls === undefined) throw new Error("the till was not started");
    return this.#pulls;
  }

  get items() {
    return itemsOf({ store: this.store, clock: this.clock }, "KES", () => {});
  }

  start(over: { maxSyncRetry?: number; clock?: Clock } = {}): this {
    this.#store ??= this.#open(this.file);
    const { clock = this.clock } = over;
    const transport = { exchange: () => new Promise<never>(() => {}), fetch: this.centre.fetch.bind(this.centre) };
    this.#pulls = new ModulePulls({
      ports: { clock, ids: this.ids, store: this.#store, sha256, transport },
      pace: PACES.continuous,
      maxSyncRetry: over.maxSyncRetry,
      commit: (fn: (tx: Sql) => void) => {
        this.store.transaction((tx) => {
          fn(tx);
          this.beforeCommit();
        });
        this.afterCommit();
      },
      onChange: () => {},
    });
    this.#pulls.start();
    return this;
  }

  /** The process is gone in the middle of whatever it did. */
  kill(): void {
    this.clock.forget();
    void this.#pulls?.stop();
    this.#store?.close();
    this.#store = undefined;
  }

  /** Lets everything happen that is due, slices included. */
  async settle(): Promise<void> {
    for (let turns = 0, quiet = 0; quiet < 3; turns++) {
      if (turns > MAX_TURNS) throw new Error("the till asks on and on");
      const before = this.centre.requests.length;
      await settled();
      await this.clock.advance(1);
      quiet = this.centre.requests.length === before ? quiet + 1 : 0;
    }
  }

  /** What a reader finds in this scope alone, by id. */
  rows(module: ModuleName, scope: Scope): Map<string, string> {
    return rowsRead(this.store.read, module, scope);
  }

  status(module: ModuleName, scope: Scope = "organization"): ModuleStatus {
    const found = this.pulls.status().modules.find((each) => each.module === module && each.scope === scope);
    if (found === undefined) throw new Error(`the till knows nothing of ${module}`);
    return found;
  }

  /** The copy holds what the centre holds, by what is read and by its hash. */
  isEqual(module: ModuleName, scope: Scope): boolean {
    const { hash, cursor } = this.standing(module, scope);
    const kept = this.store.read.get<{ hash: string; cursor: string }>(
      "SELECT hash, cursor FROM module_copy WHERE module = ? AND scope = ?",
      module,
      scope,
    );
    const wanted = this.centre.rows(module, scope);
    const rows = this.rows(module, scope);
    const isSame = rows.size === wanted.size && [...wanted].every(([id, text]) => rows.get(id) === text);
    return kept?.hash === hash && kept.cursor === cursor && isSame;
  }

  standing(module: ModuleName, scope: Scope): Pick<GatewayModule, "hash" | "cursor" | "rows"> {
    return this.centre.standing(module, scope);
  }

  /** What a look-up of an id finds, whosever row it is. */
  row<M extends ModuleName>(module: M, id: string): RowOf<M> | undefined {
    return new Layers(this.store.read, module).byId(id)?.row;
  }
}

/** All rows of what is read in a scope, by a query that knows nothing of the look-ups. */
export function rowsRead(read: Pick<Sql, "all">, module: string, scope: string): Map<string, string> {
  const sql = `SELECT r.id, r.row, r.generation = c.overlay AS isOver FROM module_copy AS c
    JOIN module_row AS r ON r.generation IN (c.base, c.overlay) WHERE c.module = ? AND c.scope = ? ORDER BY isOver`;
  const rows = new Map<string, string>();
  for (const { id, row } of read.all<{ id: string; row: string | null }>(sql, module, scope)) {
    if (row === null) rows.delete(id);
    else rows.set(id, row);
  }
  return rows;
}
