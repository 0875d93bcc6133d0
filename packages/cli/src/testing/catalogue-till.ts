import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type ItemView, openTerminal, sha256, type Terminal } from "@tillsync/engine";
import { readOnly } from "@tillsync/engine/sqlite";
import { ModuleHash, type ModuleName, rowHash, type Scope } from "@tillsync/protocol";
import type { Enrolled } from "@tillsync/server";

/** Something that never ends is told after this; the largest pull takes a minute or two. */
const PATIENCE_MS = 20 * 60_000;

/** A copy as it was counted and summed up from its rows. */
export interface Counted {
  readonly rows: number;
  readonly hash: string;
}

export interface Waited {
  readonly ms: number;
  /** Of the till's own status. */
  readonly rows: number;
}

/** A real till, which pulls as it does in a shop; and a look into its database that knows nothing of the till's code. */
export class CatalogueTill {
  readonly #till: Terminal;
  readonly #file: string;

  /** Opens it on an empty database. */
  constructor(folder: string, url: string, { key, terminal = "", shortId = "" }: Enrolled) {
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, "till.db");
    const place = { terminal, shortId, store: "main", currency: "GBP" };
    this.#till = openTerminal({ file: this.#file, ...place, central: { url, key } });
  }

  /** Has the till ask for news now, as a cashier can, and waits until it reads this version of the module. */
  async pulled(module: ModuleName, scope: Scope, n: number): Promise<Waited> {
    const started = performance.now();
    const seen = Promise.withResolvers<number>();
    const look = () => {
      const of = this.#till.modules().modules.find((each) => each.module === module && each.scope === scope);
      if (of?.state === "current" && of.n >= n) seen.resolve(of.rows);
    };
    const stop = this.#till.subscribe((event) => event.type === "status" && look());
    const late = setTimeout(
      () => seen.reject(new Error(`${module}@${n} is not at the till: ${this.#told()}`)),
      PATIENCE_MS,
    );
    try {
      await this.#till.syncNow();
      look();
      return { rows: await seen.promise, ms: Math.round(performance.now() - started) };
    } finally {
      clearTimeout(late);
      stop();
    }
  }

  /** What the module's tables hold, row by row. */
  counted(module: ModuleName, scope: Scope): Counted {
    const db = readOnly(this.#file);
    try {
      const sum = new ModuleHash();
      let rows = 0;
      for (const { row } of db.iterate<{ row: string | null }>(READ, module, scope)) {
        if (row === null) continue;
        sum.add(rowHash(sha256, module, scope, row));
        rows++;
      }
      return { rows, hash: sum.hex() };
    } finally {
      db.close();
    }
  }

  find(barcode: string): readonly ItemView[] {
    return this.#till.items.find({ barcode, limit: 200 });
  }

  close(): Promise<void> {
    return this.#till.close(0);
  }

  #told(): string {
    return JSON.stringify(this.#till.modules().modules.filter(({ state }) => state !== "current"));
  }
}

/** Rows of what is read: those of the base, and over them what a delta brought. */
const READ = `SELECT r.row FROM module_copy AS c JOIN module_row AS r ON r.generation IN (c.base, c.overlay)
  WHERE c.module = ? AND c.scope = ? AND (c.overlay IS NULL OR r.generation = c.overlay OR NOT EXISTS
    (SELECT 1 FROM module_row AS above WHERE above.generation = c.overlay AND above.id = r.id))`;
