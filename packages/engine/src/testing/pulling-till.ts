import type { Clock, Ports } from "../ports.ts";
import { betterSqlite, type Driver } from "../sqlite/index.ts";
import { settled } from "./fake-clock.ts";
import { FakeModules } from "./fake-modules.ts";
import { rowsRead } from "./module-till.ts";
import { Till } from "./till.ts";

/** What a statement that writes takes by the till's own clock: time that passes only while it works. */
const STATEMENT_MS = 0.1;

/** More than any pull of a test needs. */
const MAX_TURNS = 2_000;

/**
 * A whole till, and a head office with items that it pulls page by page. Time passes with the statements that are run, so
 * that a page takes several slices; a test may lose timers and keep answers back.
 */
export class PullingTill extends Till {
  readonly modules = new FakeModules();
  /** Timers that are set while this says so of their delay never go off. */
  loses: (delayMs: number) => boolean = () => false;
  /** Called when a slice of a pull was committed and another one will follow. */
  onSlice: () => void = () => {};
  /** Called with each statement that writes. */
  onStatement: (sql: string) => void = () => {};
  #release: () => void = () => {};
  #workedMs: { at: number };

  constructor({ items, page }: { readonly items: number; readonly page: number }) {
    const worked = { at: 0 };
    const each = (sql: string) => {
      worked.at += STATEMENT_MS;
      this.onStatement(sql);
    };
    super({ open: (file) => watched(betterSqlite(file), each) });
    this.#workedMs = worked;
    const rows = Array.from({ length: items }, (_, index) => ({ id: `item-${index + 10_000}`, name: `Item ${index}` }));
    this.modules.rowsPerPage = page;
    this.modules.import("items", "organization", rows);
    this.centre.fetch = this.modules.fetch.bind(this.modules);
  }

  override get ports(): Ports {
    const { clock } = this;
    const own: Clock = {
      wallMs: () => Math.floor(clock.wallMs()),
      monotonicMs: () => clock.monotonicMs() + this.#workedMs.at,
      after: (delayMs, fn) => {
        if (delayMs === 0) this.onSlice();
        return this.loses(delayMs) ? () => {} : clock.after(delayMs, fn);
      },
    };
    return { ...super.ports, clock: own };
  }

  /** The answer to the items' page with this number, from now, comes when it is released, if ever. */
  keepBack(page: number): void {
    let pages = 0;
    this.modules.treat = (request, answer) => {
      if (!request.path.includes("/modules/items") || ++pages !== page) return answer();
      const text = answer();
      return new Promise((resolve) => {
        this.#release = () => resolve(text);
      });
    };
  }

  release(): Promise<void> {
    this.#release();
    return settled();
  }

  /** Lets slices and answers follow one another until the pulls rest, with next to no time passing. */
  async work(): Promise<void> {
    for (let turn = 0, quiet = 0; quiet < 20 && turn < MAX_TURNS; turn++) {
      const before = this.#workedMs.at;
      await this.clock.advance(0.01);
      quiet = this.#workedMs.at === before ? quiet + 1 : 0;
    }
  }

  /** Rows of items that are read. */
  get rows(): number {
    return rowsRead(this.store.read, "items", "organization").size;
  }

  get items() {
    return this.terminal.modules().modules.find(({ module, scope }) => module === "items" && scope === "organization");
  }

  get stalls(): readonly string[] {
    return this.events.flatMap((event) => (event.type === "stalled" ? [event.stall.what] : []));
  }
}

function watched(driver: Driver, onRun: (sql: string) => void): Driver {
  return {
    exec: (sql) => driver.exec(sql),
    close: () => driver.close(),
    prepare: (sql) => {
      const statement = driver.prepare(sql);
      return {
        run: (...params) => {
          onRun(sql);
          return statement.run(...params);
        },
        get: (...params) => statement.get(...params),
        all: (...params) => statement.all(...params),
        iterate: (...params) => statement.iterate(...params),
      };
    },
  };
}
