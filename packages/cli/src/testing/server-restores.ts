import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { type Prng, prng } from "../prng.ts";
import { RestorableCentre } from "./restorable-centre.ts";

export interface RestoreRoundsOptions {
  readonly points: number;
  readonly seed: number;
  readonly tills: number;
  readonly onProgress?: (text: string) => void;
}

/** What a run came to. Anything that was wrong is in `violations`, in words. */
export interface RestoreRoundsFigures {
  readonly points: number;
  readonly sales: number;
  /** Changes that head office had acknowledged and lost, over all restores: all of them came again. */
  readonly lost: number;
  /** Restores that a running server noticed by itself, with its first connection to the other database. */
  readonly noticedRunning: number;
  readonly backups: number;
  readonly feedNumbers: number;
  readonly epochs: number;
  readonly violations: readonly string[];
}

/** Restores between two backups: the log in between grows with each. */
const POINTS_A_BACKUP = 10;
const LOAD_MS = { least: 150, most: 500 } as const;
const DRAINED_WITHIN_MS = 60_000;
const SALE = {
  lines: [{ item: "bread", quantity: "2", unitPrice: "60.00" }],
  tenders: [{ type: "cash" as const, amountMinor: 12_000 }],
};

/** A till that sells without a pause, whatever becomes of head office. */
class Seller {
  readonly till: Terminal;
  readonly shortId: string;
  readonly sold: string[] = [];
  isSelling = true;

  constructor(till: Terminal, shortId: string) {
    this.till = till;
    this.shortId = shortId;
    till.openShift({ operator: "Amina" });
  }

  async run(random: Prng): Promise<void> {
    while (this.isSelling) {
      const localId = `${this.shortId}-${this.sold.length + 1}`;
      this.till.closeOrder({ localId, ...SALE });
      this.sold.push(localId);
      await pause(random.whole(100, 400));
    }
  }
}

/**
 * Puts a real PostgreSQL back to earlier points while real tills sell, and looks after each whether everything that was
 * acknowledged came back, nothing twice, and whether a number of the feed ever meant two things (reliability.md I6, I20).
 */
export async function restoreRounds(options: RestoreRoundsOptions): Promise<RestoreRoundsFigures> {
  const root = mkdtempSync(join(tmpdir(), "tillsync-restores-"));
  const centre = await RestorableCentre.start(root);
  const sellers: Seller[] = [];
  try {
    return await new Rounds(centre, root, sellers, options).run();
  } finally {
    for (const seller of sellers) seller.isSelling = false;
    await Promise.all(sellers.map(({ till }) => till.close(0)));
    await centre.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

class Rounds {
  readonly #centre: RestorableCentre;
  readonly #root: string;
  readonly #sellers: Seller[];
  readonly #options: RestoreRoundsOptions;
  readonly #random: Prng;
  readonly #violations: string[] = [];
  /** Positions in the log to which the database can still be put back, oldest first. */
  #points: string[] = [];
  readonly #meanings = new Map<string, string>();
  readonly #figures = { points: 0, lost: 0, noticedRunning: 0, backups: 0 };

  constructor(centre: RestorableCentre, root: string, sellers: Seller[], options: RestoreRoundsOptions) {
    this.#centre = centre;
    this.#root = root;
    this.#sellers = sellers;
    this.#options = options;
    this.#random = prng(options.seed);
  }

  async run(): Promise<RestoreRoundsFigures> {
    const { points, onProgress } = this.#options;
    await this.#openTills();
    const running = this.#sellers.map((seller, index) => seller.run(prng(this.#options.seed * 100 + index)));
    while (this.#figures.points < points && this.#violations.length === 0) {
      if (this.#figures.points % POINTS_A_BACKUP === 0) {
        await this.#centre.backUp();
        this.#figures.backups++;
        this.#points = [];
      }
      await this.#sellFor();
      await this.#restore();
      await this.#drained();
      this.#figures.points++;
      onProgress?.(
        `${this.#figures.points} of ${points} points, ${this.#sold()} sales, ${this.#figures.lost} changes lost and back`,
      );
    }
    for (const seller of this.#sellers) seller.isSelling = false;
    await Promise.all(running);
    await this.#drained();
    await this.#settled();
    await this.#inspect();
    this.#violations.push(...this.#centre.troubles);
    const epochs = new Set([...this.#meanings.keys()].map((key) => key.split(" ")[0])).size;
    const counts = { sales: this.#sold(), feedNumbers: this.#meanings.size, epochs };
    return { ...this.#figures, ...counts, violations: this.#violations };
  }

  async #openTills(): Promise<void> {
    for (let number = 1; number <= this.#options.tills; number++) {
      const shortId = `T0${number}`;
      const { terminal = "", key } = await this.#centre.enrol(shortId);
      const till = openTerminal({
        ...{ file: join(this.#root, `${shortId}.db`), terminal, shortId, store: "main", currency: "KES" },
        ...{ profile: "live" as const, intervalMs: 300, slowMs: 300, central: { url: this.#centre.url, key } },
      });
      this.#sellers.push(new Seller(till, shortId));
    }
  }

  /** Lets the tills sell, and notes positions in the log meanwhile. */
  async #sellFor(): Promise<void> {
    for (let times = 0; times < 3; times++) {
      await pause(this.#random.whole(LOAD_MS.least, LOAD_MS.most));
      this.#points.push(await this.#centre.position());
      await this.#learnMeanings();
    }
  }

  async #restore(): Promise<void> {
    const centre = this.#centre;
    const chosen = this.#points[this.#random.whole(0, this.#points.length - 1)] ?? "";
    const before = await this.#marks();
    await this.#learnMeanings();
    const keepsServer = this.#random.whole(0, 1) === 1;
    if (!keepsServer) await centre.stopServer();
    const known = centre.noticed.length;
    await centre.loseAndRestore(chosen);
    this.#points = this.#points.slice(0, this.#points.indexOf(chosen) + 1);
    const after = await this.#marks();
    for (const [terminal, through] of before) this.#figures.lost += Math.max(0, through - (after.get(terminal) ?? 0));
    if (!keepsServer) await centre.startServer();
    // The epoch was written when it was restored; a server that goes on sees that with its first connection.
    else this.#figures.noticedRunning++;
    if (centre.noticed.length !== known) this.#violations.push("a server began a second epoch for one restore");
  }

  /** Everything that was recorded by now is stored, whatever is sold meanwhile. */
  async #drained(): Promise<void> {
    const wanted = this.#sellers.map(({ till }) => till.status().headSeq);
    const isLeft = () => this.#sellers.some(({ till }, index) => till.status().durableThrough < (wanted[index] ?? 0));
    const inTime = await until(() => !isLeft(), DRAINED_WITHIN_MS);
    if (inTime) return;
    const states = this.#sellers.map(({ till }) => till.status().text);
    this.#violations.push(`tills are stuck after a restore: ${states.join(" | ")}`);
  }

  /** Every till knows what the others sold. */
  async #settled(): Promise<void> {
    const missing = () =>
      this.#sellers.flatMap(({ till, shortId }) =>
        this.#sellers.flatMap(({ sold }) =>
          sold.filter((localId) => till.order(localId)?.state !== "closed").map((localId) => `${shortId} ${localId}`),
        ),
      );
    if (await until(() => missing().length === 0, DRAINED_WITHIN_MS)) return;
    const left = missing();
    this.#violations.push(`${left.length} orders are not known to other tills: ${left.slice(0, 5).join(", ")}`);
  }

  async #marks(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#centre.rows<{ terminal: string; through: number }>(
      "SELECT terminal, durable_through AS through FROM tillsync.incarnation",
    );
    return new Map(rows.map(({ terminal, through }) => [terminal, through]));
  }

  /** What each number of the feed means now, under the epoch in which it was given. */
  async #learnMeanings(): Promise<void> {
    const rows = await this.#centre.rows<{ key: string; meaning: string }>(
      `SELECT coalesce((SELECT f ->> 'epoch' FROM jsonb_array_elements(c.former) WITH ORDINALITY AS o(f, at)
           WHERE (f ->> 'n')::bigint >= e.n ORDER BY at LIMIT 1), c.epoch::text) || ' ' || e.n AS key,
         concat_ws(' ', e.terminal, e.incarnation, e.from_seq, e.to_seq, e.effect, e.settlement) AS meaning
       FROM tillsync.feed_counter c JOIN tillsync.feed_entry e USING (org_id, store_id)`,
    );
    for (const { key, meaning } of rows) {
      const known = this.#meanings.get(key);
      if (known !== undefined && known !== meaning)
        this.#violations.push(`feed number ${key} means ${known} and ${meaning}`);
      this.#meanings.set(key, meaning);
    }
  }

  /** Every change of every till once, every order once, a feed without gaps, and cursors at its end. */
  async #inspect(): Promise<void> {
    await this.#learnMeanings();
    for (const { till, shortId, sold } of this.#sellers) {
      const { terminal, headSeq } = till.status();
      const [found] = await this.#centre.rows<Record<string, number>>(
        `SELECT count(*) AS heads, count(DISTINCT seq) AS seqs, coalesce(max(seq), 0) AS last, count(*) FILTER (WHERE effect = 'applied') AS applied,
           (SELECT count(*) FROM tillsync.change_body b WHERE b.terminal = $1) AS bodies,
           (SELECT count(*) FROM tillsync.document d WHERE d.terminal = $1 AND d.entity = 'order') AS orders,
           (SELECT coalesce(sum(f.to_seq - f.from_seq + 1), 0) FROM tillsync.feed_entry f WHERE f.terminal = $1) AS told
         FROM tillsync.change_head WHERE terminal = $1`,
        terminal,
      );
      const facts = [found?.heads, found?.seqs, found?.last, found?.applied, found?.bodies, found?.told, found?.orders];
      const expected = [...Array<number>(6).fill(headSeq), sold.length];
      if (facts.join() !== expected.join())
        this.#violations.push(`${shortId}: ${facts.join()} instead of ${expected.join()}`);
    }
    const [feed] = await this.#centre.rows<{ count: number; last: number; n: number }>(
      `SELECT (SELECT count(*) FROM tillsync.feed_entry) AS count, (SELECT max(n) FROM tillsync.feed_entry) AS last, n FROM tillsync.feed_counter`,
    );
    if (feed?.count !== feed?.n || feed?.last !== feed?.n)
      this.#violations.push(`the feed has gaps: ${JSON.stringify(feed)}`);
  }

  #sold(): number {
    return this.#sellers.reduce((total, { sold }) => total + sold.length, 0);
  }
}

async function until(isSo: () => boolean, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    if (isSo()) return true;
    await pause(20);
  }
  return false;
}
