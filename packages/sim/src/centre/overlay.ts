import type { StoreTables } from "./tables.ts";

/** One table as one transaction sees it: what is committed now, under what the transaction wrote itself. */
export class Overlay<Row> {
  readonly #committed: Map<string, Row>;
  #own = new Map<string, Row>();

  constructor(committed: Map<string, Row>) {
    this.#committed = committed;
  }

  get(key: string): Row | undefined {
    return this.#own.get(key) ?? this.#committed.get(key);
  }

  put(key: string, row: Row): void {
    this.#own.set(key, row);
  }

  /** Every row there is, in the order in which they were first written. */
  *values(): Iterable<Row> {
    for (const [key, row] of this.#committed) yield this.#own.get(key) ?? row;
    for (const [key, row] of this.#own) if (!this.#committed.has(key)) yield row;
  }

  savepoint(): () => void {
    const kept = new Map(this.#own);
    return () => {
      this.#own = kept;
    };
  }

  commit(): void {
    for (const [key, row] of this.#own) this.#committed.set(key, row);
    this.#own.clear();
  }
}

type MapName = Exclude<keyof StoreTables, "applied">;
type RowOf<Name extends MapName> = StoreTables[Name] extends Map<string, infer Row> ? Row : never;
type Overlays = { readonly [Name in MapName]: Overlay<RowOf<Name>> };

/**
 * All tables of one store as one transaction sees them: PostgreSQL's READ COMMITTED. Others see nothing of it before
 * `commit`, which shows all of it at once; forgetting the view is a rollback.
 */
export class View implements Overlays {
  readonly lives: Overlays["lives"];
  readonly heads: Overlays["heads"];
  readonly forks: Overlays["forks"];
  readonly documents: Overlays["documents"];
  readonly events: Overlays["events"];
  readonly feed: Overlays["feed"];
  readonly counter: Overlays["counter"];
  readonly settlements: Overlays["settlements"];
  readonly #tables: StoreTables;
  #applied: StoreTables["applied"] = [];

  constructor(tables: StoreTables) {
    this.#tables = tables;
    this.lives = new Overlay(tables.lives);
    this.heads = new Overlay(tables.heads);
    this.forks = new Overlay(tables.forks);
    this.documents = new Overlay(tables.documents);
    this.events = new Overlay(tables.events);
    this.feed = new Overlay(tables.feed);
    this.counter = new Overlay(tables.counter);
    this.settlements = new Overlay(tables.settlements);
  }

  noteApplied(row: StoreTables["applied"][number]): void {
    this.#applied.push(row);
  }

  /** @returns what goes back to here */
  savepoint(): () => void {
    const undo = this.#overlays().map((overlay) => overlay.savepoint());
    const applied = [...this.#applied];
    return () => {
      for (const back of undo) back();
      this.#applied = applied;
    };
  }

  commit(): void {
    for (const overlay of this.#overlays()) overlay.commit();
    this.#tables.applied.push(...this.#applied);
    this.#applied = [];
  }

  #overlays() {
    return [this.lives, this.heads, this.forks, this.documents, this.events, this.feed, this.counter, this.settlements];
  }
}
