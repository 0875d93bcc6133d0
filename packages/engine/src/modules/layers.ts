import type { ModuleName, RowOf, Scope } from "@tillsync/protocol";
import type { Sql } from "../ports.ts";
import { placesOf, rowIn } from "./generations.ts";
import type { Row } from "./keys.ts";

/** A row as it counts in this store. */
export interface Found<M extends ModuleName> {
  readonly scope: Scope;
  readonly row: RowOf<M>;
}

interface Layer {
  readonly scope: Scope;
  /** The version of this scope's copy. */
  readonly n: number;
  readonly base: number | null;
  readonly overlay: number | null;
}

/**
 * What a module holds in this store: the store's own rows over the organization's, and in each scope what a delta brought
 * over what was there before. Everything is read from the database at once, so that nobody sees a mix of two copies.
 */
export class Layers<M extends ModuleName> {
  readonly #read: Pick<Sql, "get" | "all">;
  /** The store's first. */
  readonly #layers: readonly Layer[];

  constructor(read: Pick<Sql, "get" | "all">, module: M) {
    this.#read = read;
    const sql =
      "SELECT scope, n, base, overlay FROM module_copy WHERE module = ? AND base IS NOT NULL ORDER BY scope DESC";
    this.#layers = read.all<Layer>(sql, module);
  }

  /** The version of the copy in this scope. */
  versionOf(scope: Scope): number {
    return this.#layers.find((layer) => layer.scope === scope)?.n ?? 0;
  }

  byId(id: string): Found<M> | undefined {
    for (const layer of this.#layers) {
      const row = this.#inLayer(layer, id);
      if (row !== undefined) return { scope: layer.scope, row };
    }
    return undefined;
  }

  /** Rows under a key, at most so many, in the order of their ids within each copy. */
  byKey(key: string, limit: number, isMeant: (row: RowOf<M>) => boolean): Found<M>[] {
    const sql = "SELECT id FROM module_key WHERE generation = ? AND key = ? LIMIT ?";
    return this.#resolved(limit, isMeant, (generation, most) =>
      this.#read.all<{ id: string }>(sql, generation, key, most),
    );
  }

  /** Rows whose key begins so, in the order of their keys within each copy. */
  byPrefix(prefix: string, limit: number, isMeant: (row: RowOf<M>) => boolean): Found<M>[] {
    const sql = "SELECT id FROM module_key WHERE generation = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?";
    const end = `${prefix}\u{10ffff}`;
    return this.#resolved(limit, isMeant, (generation, most) =>
      this.#read.all<{ id: string }>(sql, generation, prefix, end, most),
    );
  }

  /** Rows that have all the words of a query, in no order. */
  byWords(query: string, limit: number): Found<M>[] {
    const sql = `SELECT r.id FROM (SELECT rowid AS place FROM module_word WHERE module_word MATCH ? AND rowid BETWEEN ? AND ?
      LIMIT ?) AS w JOIN module_row AS r ON r.place = w.place`;
    const find = (generation: number, most: number) =>
      this.#read.all<{ id: string }>(sql, query, ...placesOf(generation), most);
    return this.#resolved(limit, undefined, find);
  }

  /**
   * An index of one copy names rows that another copy may hide: each is looked up as it counts, and taken when that row is
   * still one that was asked for. `isMeant` undefined: when it is the row of the copy whose index named it.
   */
  #resolved(
    limit: number,
    isMeant: ((row: RowOf<M>) => boolean) | undefined,
    find: (generation: number, most: number) => { id: string }[],
  ): Found<M>[] {
    const found = new Map<string, Found<M>>();
    for (const { scope, overlay, base } of this.#layers) {
      for (const generation of [overlay, base]) {
        if (generation === null) continue;
        for (let most = limit; ; most *= 4) {
          const ids = find(generation, most);
          for (const { id } of ids) {
            if (found.size >= limit) break;
            const counts = found.has(id) ? undefined : this.byId(id);
            if (counts === undefined) continue;
            const fits = isMeant
              ? isMeant(counts.row)
              : counts.scope === scope && this.#isFrom(generation, id, overlay);
            if (fits) found.set(id, counts);
          }
          if (found.size >= limit || ids.length < most) break;
        }
      }
    }
    return [...found.values()];
  }

  #isFrom(generation: number, id: string, overlay: number | null): boolean {
    return overlay === null || generation === overlay || rowIn(this.#read, overlay, id) === undefined;
  }

  #inLayer({ overlay, base }: Layer, id: string): RowOf<M> | undefined {
    const above = overlay === null ? undefined : rowIn(this.#read, overlay, id);
    const text = (above ?? (base === null ? undefined : rowIn(this.#read, base, id)))?.row ?? null;
    // It was checked by the centre that sent it, and its hash with all others when it came.
    return text === null ? undefined : (JSON.parse(text) as Row as RowOf<M>);
  }
}
