import { sha256 } from "@tillsync/engine";
import {
  EMPTY_MODULE_HASH,
  formatModuleCursor,
  type GatewayModule,
  MODULES,
  ModuleHash,
  type ModuleName,
  moduleReset,
  type PageHeader,
  parseHave,
  parseModuleCursor,
  type RowChange,
  rowHash,
  SCOPES,
  type Scope,
  tombstoneText,
} from "@tillsync/protocol";
import type { Random } from "../random.ts";

/** The modules that tills get here, in the order of the gateway. */
export const SIMULATED_MODULES: readonly ModuleName[] = ["items", "prices", "customers"];

/** So few that a copy takes several pages. */
const PAGE_ROWS = 6;
const ORGANIZATION = 0;

interface KeptRow {
  readonly text: string | null;
  readonly n: number;
  readonly changedAtMs: number;
}

/** One module of one scope. Never changed in place, so that keeping it is a backup. */
interface Catalogue {
  readonly rows: ReadonlyMap<string, KeptRow>;
  /** The same without what was deleted. */
  readonly live: ReadonlyMap<string, string>;
  /** The hash at each n, from 0. */
  readonly hashes: readonly string[];
}

export type Backup = ReadonlyMap<string, Catalogue>;

/** What the copy of a till in this place should be. */
export interface Standing {
  readonly module: ModuleName;
  readonly scope: Scope;
  readonly cursor: string;
  readonly rows: ReadonlyMap<string, string>;
}

/**
 * The centre's modules as its contract has them: gateway, snapshots, deltas, and cursors that a restored database does not
 * know. The real one is SQL, and is tested against PostgreSQL.
 */
export class ReferenceData {
  readonly #random: Random;
  #catalogues: Map<string, Catalogue> = new Map();
  #epoch: string;
  /** Every state that a module was ever in, by place and n: a restored database counts some numbers a second time. */
  readonly #ever = new Map<string, ReadonlyMap<string, string>[]>();

  constructor(random: Random) {
    this.#random = random;
    this.#epoch = random.uuid();
  }

  /** An import or an edit: everything of it under one n, or nothing when it says what stands. */
  write(module: ModuleName, storeId: number, changes: readonly RowChange[], nowMs: number): void {
    const { rows, hashes } = this.#at(module, storeId);
    const n = hashes.length;
    const next = new Map(rows);
    const sum = new ModuleHash(hashes.at(-1));
    let changed = 0;
    for (const change of changes) {
      const before = next.get(change.id)?.text ?? null;
      const text = change.deleted ? null : change.text;
      if (before === text) continue;
      changed++;
      if (before !== null) sum.subtract(rowHash(sha256, module, scopeOf(storeId), before));
      if (text !== null) sum.add(rowHash(sha256, module, scopeOf(storeId), text));
      next.set(change.id, { text, n, changedAtMs: nowMs });
    }
    if (changed === 0) return;
    const live = liveOf(next);
    this.#catalogues.set(placeOf(module, storeId), { rows: next, live, hashes: [...hashes, sum.hex()] });
    const key = `${placeOf(module, storeId)}/${n}`;
    this.#ever.set(key, [...(this.#ever.get(key) ?? []), live]);
  }

  row(module: ModuleName, storeId: number, id: string): KeptRow | undefined {
    return this.#at(module, storeId).rows.get(id);
  }

  /** What tills of this store should have in the end. */
  standings(storeId: number): Standing[] {
    return SIMULATED_MODULES.flatMap((module) =>
      SCOPES.map((scope) => {
        const of = storeOf(scope, storeId);
        return { module, scope, cursor: this.#cursor(module, of), rows: this.#at(module, of).live };
      }),
    );
  }

  /** The states that a copy with this number may show: one as a rule. */
  everAt(module: ModuleName, storeId: number, n: number): readonly ReadonlyMap<string, string>[] {
    return n === 0 ? [new Map()] : (this.#ever.get(`${placeOf(module, storeId)}/${n}`) ?? []);
  }

  backup(): Backup {
    return new Map(this.#catalogues);
  }

  restore(backup: Backup): void {
    this.#catalogues = new Map(backup);
    this.#epoch = this.#random.uuid();
  }

  /** The text of one answer, for a till of this store. @throws SyncError FEED_RESET */
  answer(path: string, storeId: number): string {
    const url = new URL(path, "http://centre.test");
    const name = url.pathname.split("/").at(-1) ?? "";
    if (name === "gateway") return JSON.stringify({ modules: this.#gateway(url.searchParams.getAll("have"), storeId) });
    return this.#page(name as ModuleName, Object.fromEntries(url.searchParams) as unknown as Asked, storeId);
  }

  #gateway(have: readonly string[], storeId: number): GatewayModule[] {
    const cursors = new Map(have.map(parseHave).map((of) => [`${of?.module}.${of?.scope}`, of?.cursor]));
    return SIMULATED_MODULES.flatMap((module) =>
      SCOPES.map((scope) => {
        const header = this.#header(module, storeOf(scope, storeId));
        const news = cursors.get(`${module}.${scope}`) === header.cursor ? 0 : header.rows;
        const dependsOn = MODULES[module].dependsOn.filter((parent) => SIMULATED_MODULES.includes(parent));
        return { module, scope, ...header, dependsOn, bytes: 0, news };
      }),
    );
  }

  #page(module: ModuleName, { scope, since, after, limit }: Asked, storeId: number): string {
    const of = storeOf(scope, storeId);
    const all = since === undefined ? this.#snapshot(module, of, after) : this.#delta(module, of, since, after);
    const page = all.slice(0, Math.min(PAGE_ROWS, Number(limit)));
    const next = all.length > page.length ? (page.at(-1)?.key ?? null) : null;
    const kind = since === undefined ? "snapshot" : "delta";
    const header: PageHeader = { module, scope, kind, ...this.#header(module, of), next };
    return [JSON.stringify(header), ...page.map(({ line }) => line), ""].join("\n");
  }

  #snapshot(module: ModuleName, storeId: number, after = ""): Line[] {
    const rows = [...this.#at(module, storeId).live].filter(([id]) => id > after);
    return rows.map(([key, line]) => ({ key, line })).sort(byKey);
  }

  #delta(module: ModuleName, storeId: number, since: string, after = ""): Line[] {
    const from = parseModuleCursor(since);
    const { rows, hashes } = this.#at(module, storeId);
    const isOurs = from.epoch === this.#epoch && (hashes[from.n] ?? "-").startsWith(from.hash);
    if (!isOurs) throw moduleReset();
    const changed = [...rows].filter(([, row]) => row.n > from.n);
    const lines = changed.map(([id, { n, text }]) => ({
      key: `${String(n).padStart(9, "0")}.${id}`,
      line: text ?? tombstoneText(id),
    }));
    return lines.filter(({ key }) => key > after).sort(byKey);
  }

  #header(module: ModuleName, storeId: number) {
    const { live, hashes } = this.#at(module, storeId);
    const hash = hashes.at(-1) ?? EMPTY_MODULE_HASH;
    const cursor = this.#cursor(module, storeId);
    return { epoch: this.#epoch, n: hashes.length - 1, rows: live.size, hash, cursor };
  }

  #cursor(module: ModuleName, storeId: number): string {
    const { hashes } = this.#at(module, storeId);
    const hash = hashes.at(-1) ?? EMPTY_MODULE_HASH;
    return formatModuleCursor({ epoch: this.#epoch, storeId, n: hashes.length - 1, hash });
  }

  #at(module: ModuleName, storeId: number): Catalogue {
    return this.#catalogues.get(placeOf(module, storeId)) ?? NEVER_WRITTEN;
  }
}

interface Asked {
  readonly scope: Scope;
  readonly since?: string;
  readonly after?: string;
  readonly limit: string;
}

interface Line {
  readonly key: string;
  readonly line: string;
}

const NEVER_WRITTEN: Catalogue = { rows: new Map(), live: new Map(), hashes: [EMPTY_MODULE_HASH] };

/** Keys here are plain letters, where the order of characters is that of bytes. */
function byKey(one: Line, other: Line): number {
  return one.key < other.key ? -1 : 1;
}

function placeOf(module: ModuleName, storeId: number): string {
  return `${module}/${storeId}`;
}

export function storeOf(scope: Scope, storeId: number): number {
  return scope === "organization" ? ORGANIZATION : storeId;
}

function scopeOf(storeId: number): Scope {
  return storeId === ORGANIZATION ? "organization" : "store";
}

function liveOf(rows: ReadonlyMap<string, KeptRow>): Map<string, string> {
  return new Map([...rows].flatMap(([id, { text }]) => (text === null ? [] : [[id, text] as const])));
}
