import type { ModuleName, Scope } from "@tillsync/protocol";
import { parseModuleCursor } from "@tillsync/protocol";
import { Layers } from "../modules/layers.ts";
import { betterSqlite, type Driver } from "../sqlite/index.ts";
import { SqliteStore } from "../sqlite/store.ts";
import { FakeModules } from "./fake-modules.ts";
import { ModuleTill } from "./module-till.ts";

/** A mistake that a run has to find, put between the till and its database. */
export interface PullVariant {
  readonly name: string;
  /** @param known cursors that the centre has named so far, by module and scope */
  readonly wrap: (driver: Driver, known: ReadonlyMap<string, string>) => Driver;
}

export interface PullResult {
  /** Moments at which the process could have been killed. */
  readonly moments: number;
  readonly violations: ReadonlySet<string>;
  readonly sent: number;
  readonly sentAgain: number;
}

const COPIES: readonly (readonly [ModuleName, Scope])[] = [
  ["items", "organization"],
  ["items", "store"],
  ["itemBarcodes", "organization"],
];

/** Requests after which the catalogue changes under the first pull; it changes twice more when that is done. */
const CHANGES = [4, 14, 31];

const id = (index: number) => `item-${String(index).padStart(4, "0")}`;
const named = (index: number, word: string) => ({ id: id(index), name: `Item ${index} ${word}` });
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

class Killed extends Error {}

/**
 * An empty till pulls a catalogue that changes meanwhile, and goes on until it is equal. Its process is killed once, at a
 * moment that is a request going out, an answer coming in, or either side of a commit. After each commit everything that
 * can be read is compared with the catalogue at the version that the cursor names.
 */
export async function pullRun(killAt: number | null, variant?: PullVariant): Promise<PullResult> {
  const run = new Run(variant);
  return run.play(killAt);
}

class Run {
  readonly #centre = new FakeModules();
  readonly #known = new Map<string, string>();
  readonly #violations = new Set<string>();
  readonly #till: ModuleTill;
  #moments = 0;
  #killAt: number | null = null;
  #isDead = false;
  #isOver = false;

  constructor(variant: PullVariant | undefined) {
    const database = betterSqlite(":memory:");
    const lasting: Driver = {
      exec: (sql) => database.exec(sql),
      prepare: (sql) => database.prepare(sql),
      close: () => {},
    };
    const driver = variant === undefined ? lasting : variant.wrap(lasting, this.#known);
    this.#till = new ModuleTill(this.#centre, () => new SqliteStore(() => driver));
    this.#centre.rowsPerPage = 13;
    this.#centre.import(
      "items",
      "organization",
      many(400, (index) => named(index, "bread")),
    );
    this.#centre.import(
      "items",
      "store",
      many(20, (index) => named(index * 7, "ours")),
    );
    this.#centre.import("itemBarcodes", "organization", many(100, barcode));
    this.#centre.treat = (_request, answer) => this.#treat(answer);
    this.#till.beforeCommit = () => this.#moment();
    this.#till.afterCommit = () => {
      this.#look();
      this.#moment();
    };
  }

  async play(killAt: number | null): Promise<PullResult> {
    this.#killAt = killAt;
    try {
      await this.#live();
    } catch {
      this.#violations.add("it asks on and on");
    }
    if (!this.#isOver) this.#compare();
    const { sent, sentAgain } = this.#centre;
    return { moments: this.#moments, violations: this.#violations, sent, sentAgain };
  }

  #compare(): void {
    if (!COPIES.every(([module, scope]) => this.#till.isEqual(module, scope))) this.#violations.add("it ends unequal");
    this.#lookUp();
  }

  /** Four intervals, and a new process in place of the one that was killed. */
  async #live(): Promise<void> {
    for (let round = 0; round < 4 && !this.#isOver; round++) {
      if (round === 0 || this.#isDead) {
        this.#isDead = false;
        this.#till.start({ clock: ticking(this.#till) });
      }
      await this.#till.settle();
      if (round < 2) this.#change(CHANGES.length + round);
      await this.#till.clock.advance(15 * 60_000);
    }
    if (!this.#isOver) await this.#till.settle();
    if (!this.#isDead || this.#isOver) return;
    this.#isDead = false;
    this.#till.start({ clock: ticking(this.#till) });
    await this.#till.settle();
  }

  #treat(answer: () => string): string {
    this.#moment();
    const step = CHANGES.indexOf(this.#centre.requests.length);
    if (step >= 0) this.#change(step);
    const text = answer();
    for (const [, key = "", cursor = ""] of text.matchAll(/"cursor":"([^"]+)"/g)) this.#known.set(key, cursor);
    for (const [module, scope] of COPIES)
      this.#known.set(`${module} ${scope}`, this.#centre.standing(module, scope).cursor);
    this.#moment();
    return text;
  }

  #change(step: number): void {
    const from = step * 70;
    const edited = many(30, (index) => named(from + index * 2, `cake${step}`));
    this.#centre.import(
      "items",
      "organization",
      [...edited, named(2_000 + step, "new")],
      [id(from + 1), id(390 - step)],
    );
    this.#centre.import("itemBarcodes", "organization", [barcode(400 + step)], [`b-${step}`]);
    this.#centre.import("items", "store", [named(step, "ours too")], [id(7 * step)]);
  }

  #moment(): void {
    if (this.#isDead) throw new Killed();
    if (++this.#moments !== this.#killAt) return;
    this.#isDead = true;
    this.#till.kill();
    throw new Killed();
  }

  /** What is read is the catalogue at the version of the cursor, or nothing. */
  #look(): void {
    const { read } = this.#till.store;
    for (const [module, scope] of COPIES) {
      const sql = "SELECT base, cursor FROM module_copy WHERE module = ? AND scope = ?";
      const copy = read.get<{ base: number | null; cursor: string | null }>(sql, module, scope);
      if (copy === undefined || (copy.base === null && copy.cursor === null)) continue;
      const n = copy.cursor === null ? -1 : parseModuleCursor(copy.cursor).n;
      const wanted = this.#centre.rowsAt(module, scope, n);
      const found = this.#till.rows(module, scope);
      const isSame = found.size === wanted.size && [...wanted].every(([key, text]) => found.get(key) === text);
      if (!isSame) this.#end("what is read is not what the cursor names");
    }
  }

  /** A copy that is wrong once proves the mistake; what it would do next is of no interest. */
  #end(violation: string): never {
    this.#violations.add(violation);
    this.#isOver = true;
    this.#isDead = true;
    this.#till.kill();
    throw new Killed();
  }

  /** Every index leads to the rows, and to no other. */
  #lookUp(): void {
    const organization = this.#centre.rows("items", "organization");
    const store = this.#centre.rows("items", "store");
    const wanted = [...new Map([...organization, ...store])]
      .map(([key, text]) => `${key} ${JSON.parse(text).name}`)
      .sort();
    const told = (found: readonly { row: { id: string; name: string } }[]) =>
      found.map(({ row }) => `${row.id} ${row.name}`).sort();
    const items = new Layers(this.#till.store.read, "items");
    const same = (found: readonly string[]) =>
      found.length === wanted.length && found.every((each, at) => each === wanted[at]);
    if (!same(told(items.byWords('"item"', 5_000)))) this.#violations.add("words lead to other rows");
    if (!same(told(items.byPrefix("nitem", 5_000, () => true)))) this.#violations.add("names lead to other rows");
    const count = (sql: string) => this.#till.store.read.get<{ n: number }>(sql)?.n;
    const indexed = count("SELECT count(*) AS n FROM module_word WHERE module_word MATCH 'item'");
    const kept = count(`SELECT count(*) AS n FROM module_row AS r JOIN module_generation AS g USING (generation)
      WHERE g.module = 'items' AND r.row IS NOT NULL`);
    if (indexed !== kept) this.#violations.add("words of rows that are gone stay");
    const ids = [...new Set([...organization.keys(), ...store.keys()])];
    if (!same(told(ids.flatMap((key) => items.byId(key) ?? [])))) this.#violations.add("ids lead to other rows");
  }
}

function barcode(index: number) {
  return { id: `b-${index}`, itemId: id(index), barcode: `X${index}` };
}

/** Time that passes while the till works, so that a page takes several transactions. */
function ticking(till: ModuleTill) {
  const { clock } = till;
  let workedMs = 0;
  const monotonicMs = () => {
    workedMs += 9;
    return clock.monotonicMs() + workedMs;
  };
  return {
    wallMs: () => clock.wallMs(),
    monotonicMs,
    after: (delayMs: number, fn: () => void) => clock.after(delayMs, fn),
  };
}
