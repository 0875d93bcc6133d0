import { canonicalText, type RowChange } from "@tillsync/protocol";
import type pg from "pg";
import { openPool } from "../db/pool.ts";
import { inScope } from "../db/scope.ts";
import { editRows } from "../modules/edit-rows.ts";
import { ORGANIZATION } from "../modules/place.ts";
import { migratedDatabase } from "./migrated-database.ts";
import { ModuleCopy, ModuleWorld } from "./module-world.ts";
import { seededRandom } from "./seeded-random.ts";

export interface WritersFigures {
  readonly commits: number;
  /** Transactions that were held open. */
  readonly held: number;
  /** Rows that a reader with our cursors lacks, or has otherwise than they are. */
  readonly missedByCursor: number;
  readonly missedBySequence: number;
  readonly missedByTimestamp: number;
}

interface Hold {
  readonly place: "before the lock" | "behind it";
  /** Readings and commits that have to be over before it ends. */
  readonly untilReadings: number;
  readonly untilCommits: number;
  readonly release: () => void;
}

/** What a cursor on a sequence or a time has to go by: a number and a time, given when the row is written. */
const NAIVE = `CREATE TABLE IF NOT EXISTS tillsync.naive_row (id text, seq bigserial, at timestamptz);
  GRANT SELECT, INSERT ON tillsync.naive_row TO tillsync_app; GRANT USAGE ON SEQUENCE tillsync.naive_row_seq_seq TO tillsync_app`;

/** What cursors miss of what writers with held transactions wrote, on a database of its own. */
export async function missedRows(wanted: {
  readonly seed: number;
  readonly writers: number;
  /** Asked after each commit of a writer, with how many it made. */
  readonly isOver: (commits: number) => boolean;
}): Promise<WritersFigures> {
  const database = await migratedDatabase();
  const pool = openPool(database.url, { max: wanted.writers + 4 });
  const admin = openPool(database.adminUrl, { max: 2 });
  try {
    const shop = await ModuleWorld.open(pool);
    return await new ModuleWriters(pool, admin, shop, wanted.writers).run(wanted.seed, wanted.isOver);
  } finally {
    await pool.end();
    await admin.end();
    await database.drop();
  }
}

/**
 * Writers of one module whose transactions are held open now and then, as a slow disk or a stopped server would, before
 * they take the module's lock and while they have it. A reader follows with our cursors, and beside it readers with the
 * two cursors that the field uses: the last number of a sequence, and the last time. For tests.
 */
class ModuleWriters {
  readonly #pool: pg.Pool;
  readonly #admin: pg.Pool;
  readonly #shop: ModuleWorld;
  readonly #writers: number;
  readonly #copy = new ModuleCopy();
  readonly #seen = { seq: new Set<string>(), at: new Set<string>() };
  readonly #holds = new Set<Hold>();
  #last = { seq: 0, at: new Date(0) };
  #commits = 0;
  #readings = 0;
  #held = 0;
  #writing: number;

  /** @param pool with a connection for each writer and two more */
  constructor(pool: pg.Pool, admin: pg.Pool, shop: ModuleWorld, writers: number) {
    this.#pool = pool;
    this.#admin = admin;
    this.#shop = shop;
    this.#writers = writers;
    this.#writing = writers;
  }

  async run(seed: number, isOver: (commits: number) => boolean): Promise<WritersFigures> {
    await this.#admin.query(NAIVE);
    this.#copy.take(await this.#shop.pages("items", {}));
    const writers = Array.from({ length: this.#writers }, (_, writer) => this.#write(writer, seed + writer, isOver));
    const written = Promise.all(writers);
    written.catch(() => {});
    while (this.#writing > 0) await this.#read();
    await written;
    await this.#read();
    const { rows } = await this.#admin.query<{ id: string }>("SELECT id FROM tillsync.naive_row");
    return {
      commits: this.#commits,
      held: this.#held,
      missedByCursor: await this.#missed(),
      missedBySequence: rows.length - this.#seen.seq.size,
      missedByTimestamp: rows.length - this.#seen.at.size,
    };
  }

  async #write(writer: number, seed: number, isOver: (commits: number) => boolean): Promise<void> {
    const { below } = seededRandom(seed);
    const { orgId, storeId } = this.#shop.admin;
    const place = { orgId, storeId: ORGANIZATION, module: "items" } as const;
    try {
      for (let commit = 1; ; commit++) {
        const change = changeOf(below(4) === 0 ? `common-${below(20)}` : `${writer}-${commit}`, below(8) === 0, commit);
        await inScope(this.#pool, { orgId, storeId }, async (client) => {
          await client.query("INSERT INTO naive_row (id, at) VALUES ($1, clock_timestamp())", [`${writer}-${commit}`]);
          if (below(5) === 0) await this.#hold("before the lock");
          await editRows(client, place, [change], { actor: `writer ${writer}`, nowMs: 0 });
          if (below(20) === 0) await this.#hold("behind it");
        });
        this.#commits++;
        if (isOver(commit)) return;
      }
    } finally {
      this.#writing--;
    }
  }

  /** Behind the lock nobody else commits, so that hold waits for readings only; before it, for commits of others too. */
  #hold(place: Hold["place"]): Promise<void> {
    if (place === "before the lock" && this.#holds.size >= this.#writers / 2) return Promise.resolve();
    this.#held++;
    return new Promise((release) => {
      const untilCommits = place === "before the lock" ? this.#commits + this.#writers : 0;
      this.#holds.add({ place, untilReadings: this.#readings + 2, untilCommits, release });
    });
  }

  async #read(): Promise<void> {
    const commits = this.#commits;
    this.#copy.take(await this.#shop.pages("items", { since: this.#copy.cursor }));
    const { rows } = await this.#admin.query<{ id: string; seq: number; at: Date; by: "seq" | "at" }>(
      `SELECT 'seq' AS by, id, seq, at FROM tillsync.naive_row WHERE seq > $1
       UNION ALL SELECT 'at', id, seq, at FROM tillsync.naive_row WHERE at > $2`,
      [this.#last.seq, this.#last.at],
    );
    const last = { ...this.#last };
    for (const { by, id, seq, at } of rows) {
      this.#seen[by].add(id);
      if (by === "seq") last.seq = Math.max(last.seq, seq);
      else if (at > last.at) last.at = at;
    }
    this.#last = last;
    this.#readings++;
    for (const hold of [...this.#holds]) {
      const isFree = this.#writing <= this.#holds.size;
      if (this.#readings < hold.untilReadings || (commits < hold.untilCommits && !isFree)) continue;
      this.#holds.delete(hold);
      hold.release();
    }
  }

  async #missed(): Promise<number> {
    const whole = new ModuleCopy();
    whole.take(await this.#shop.pages("items", {}));
    const ids = new Set([...whole.rows.keys(), ...this.#copy.rows.keys()]);
    const different = [...ids].filter((id) => whole.rows.get(id) !== this.#copy.rows.get(id)).length;
    return this.#copy.ownHash("items") === whole.hash ? different : Math.max(1, different);
  }
}

function changeOf(id: string, isDeletion: boolean, version: number): RowChange {
  if (isDeletion) return { id, deleted: true };
  return { id, text: canonicalText({ id, name: `version ${version}` }), deleted: false };
}
