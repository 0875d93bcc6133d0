import type { ModuleName } from "@tillsync/protocol";
import type { Sql } from "../ports.ts";
import { keyOf, type Row, wordsOf } from "./keys.ts";
import type { Keys } from "./postponed.ts";

/** Places of one generation; more rows than any module has. */
const PLACES = 2 ** 32;

/** A row as it is stored. `row` null: the row below it is no more. */
export interface StoredRow {
  readonly place: number;
  readonly id: string;
  readonly row: string | null;
}

const INSERT = `INSERT INTO module_row (place, generation, id, row) VALUES (?, ?, ?, ?)
  ON CONFLICT (generation, id) DO NOTHING`;

const INSERT_KEY = "INSERT OR IGNORE INTO module_key (generation, key, id) VALUES (?, ?, ?)";

export interface Generation {
  readonly generation: number;
  readonly module: ModuleName;
}

/** Places of a generation, for statements that read all of it. */
export function placesOf(generation: number): readonly [number, number] {
  return [generation * PLACES, (generation + 1) * PLACES - 1];
}

/** Begins an empty generation. */
export function addGeneration(tx: Sql, module: ModuleName): Generation {
  const row = tx.get<{ generation: number }>(
    "INSERT INTO module_generation (module) VALUES (?) RETURNING generation",
    module,
  );
  if (row === undefined) throw new Error("SQLite gave no generation back");
  return { generation: row.generation, module };
}

export function rowIn(read: Pick<Sql, "get">, generation: number, id: string): StoredRow | undefined {
  return read.get<StoredRow>("SELECT place, id, row FROM module_row WHERE generation = ? AND id = ?", generation, id);
}

/**
 * Writes rows of one generation inside one transaction, each with what it is found by. Places are counted in memory and
 * written down once, by `end`.
 */
export class GenerationWriter {
  readonly #tx: Sql;
  readonly #of: Generation;
  readonly #first: number;
  #places: number;

  constructor(tx: Sql, of: Generation) {
    this.#tx = tx;
    this.#of = of;
    const sql = "SELECT places FROM module_generation WHERE generation = ?";
    const row = tx.get<{ places: number }>(sql, of.generation);
    if (row === undefined) throw new Error(`generation ${of.generation} is not there`);
    this.#places = row.places;
    this.#first = placesOf(of.generation)[0];
  }

  /**
   * Adds a row, or with null a tombstone; its key goes to `postponed`, if there is such a one.
   *
   * @returns false, and writes nothing, when one stands there under this id
   */
  insert(id: string, text: string | null, row: Row | null, postponed?: Keys): boolean {
    const place = this.#first + this.#places;
    if (this.#tx.run(INSERT, place, this.#of.generation, id, text).changes === 0) return false;
    this.#places++;
    if (row === null) return true;
    const key = keyOf(this.#of.module, row);
    if (key !== undefined && postponed) postponed.add(key, id);
    else if (key !== undefined) this.insertKey(key, id);
    const words = wordsOf(this.#of.module, row);
    if (words !== undefined) this.#tx.run("INSERT INTO module_word (rowid, words) VALUES (?, ?)", place, words);
    return true;
  }

  insertKey(key: string, id: string): void {
    this.#tx.run(INSERT_KEY, this.#of.generation, key, id);
  }

  /** The same in place of what stands there. */
  put(id: string, text: string | null, row: Row | null): void {
    if (this.insert(id, text, row)) return;
    this.remove(id);
    this.insert(id, text, row);
  }

  remove(id: string): void {
    const old = rowIn(this.#tx, this.#of.generation, id);
    if (old !== undefined) this.removeStored(old);
  }

  removeStored({ place, id, row }: StoredRow): void {
    this.#tx.run("DELETE FROM module_row WHERE place = ?", place);
    if (row === null) return;
    const parsed = JSON.parse(row) as Row;
    const key = keyOf(this.#of.module, parsed);
    if (key !== undefined)
      this.#tx.run("DELETE FROM module_key WHERE generation = ? AND key = ? AND id = ?", this.#of.generation, key, id);
    const words = wordsOf(this.#of.module, parsed);
    if (words !== undefined)
      this.#tx.run("INSERT INTO module_word (module_word, rowid, words) VALUES ('delete', ?, ?)", place, words);
  }

  end(): void {
    const sql = "UPDATE module_generation SET places = ? WHERE generation = ?";
    this.#tx.run(sql, this.#places, this.#of.generation);
  }
}

/** The first rows of a generation, in the order in which they came. */
export function firstRows(read: Pick<Sql, "all">, generation: number, limit: number): StoredRow[] {
  const [from, to] = placesOf(generation);
  const sql = "SELECT place, id, row FROM module_row WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?";
  return read.all<StoredRow>(sql, from, to, limit);
}

/** Generations that no copy reads or fills: what an earlier copy, or a pull that was given up, left. */
export function garbage(read: Pick<Sql, "all">): Generation[] {
  return read.all<Generation>(
    `SELECT generation, module FROM module_generation AS g WHERE NOT EXISTS
       (SELECT 1 FROM module_copy AS c WHERE g.generation IN (c.base, c.overlay, c.building)) ORDER BY generation`,
  );
}

/** Takes some rows of a generation away, and the generation with the last one. @returns whether it is gone */
export function takeApart(tx: Sql, of: Generation, rows: number): boolean {
  const writer = new GenerationWriter(tx, of);
  const found = firstRows(tx, of.generation, rows);
  for (const row of found) writer.removeStored(row);
  if (found.length === rows) return false;
  tx.run("DELETE FROM module_generation WHERE generation = ?", of.generation);
  return true;
}
