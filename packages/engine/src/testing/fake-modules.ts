import {
  canonicalText,
  EMPTY_MODULE_HASH,
  formatModuleCursor,
  MODULE_ORDER,
  MODULES,
  ModuleHash,
  type ModuleName,
  moduleReset,
  type PageHeader,
  parseHave,
  parseModuleCursor,
  readRow,
  rowHash,
  type Scope,
  SyncError,
  tombstoneText,
} from "@tillsync/protocol";
import { linesOf } from "../lines.ts";
import type { FetchRequest, Lines, Transport } from "../ports.ts";
import { sha256 } from "../system/sha256.ts";
import { settled } from "./fake-clock.ts";

interface Kept {
  readonly text: string | null;
  readonly n: number;
}

interface Catalogue {
  readonly rows: Map<string, Kept>;
  /** The hash at each n, from 0. */
  readonly hashes: string[];
  /** All rows as they were at each n. */
  readonly history: ReadonlyMap<string, string>[];
}

/** What the centre, or something on the way, makes of one answer. */
export type Treat = (request: FetchRequest, answer: () => string) => string | Promise<string>;

const EPOCHS = ["0190a5da-0000-774b-8cce-00000000000a", "0190a5da-0000-774b-8cce-00000000000b"] as const;

/** The centre's modules as the contract has them, in memory: gateway, snapshot pages, deltas, cursors that fit no more. */
export class FakeModules implements Required<Pick<Transport, "fetch">> {
  readonly #catalogues = new Map<string, Catalogue>();
  #epoch = 0;
  readonly requests: FetchRequest[] = [];
  /** Rows and tombstones that went out, and how many of them went out before just as they are, in a page of the same kind. */
  sent = 0;
  sentAgain = 0;
  readonly #sent = new Set<string>();
  rowsPerPage = 10;
  treat: Treat = (_request, answer) => answer();

  /** One import: upserts, and ids to delete, under one n. */
  import(module: ModuleName, scope: Scope, rows: readonly object[], deleted: readonly string[] = []): void {
    const of = this.#of(module, scope);
    const n = of.hashes.length;
    const sum = new ModuleHash(of.hashes.at(-1));
    const replace = (id: string, text: string | null) => {
      const old = of.rows.get(id)?.text ?? null;
      if (old !== null) sum.subtract(rowHash(sha256, module, scope, old));
      if (text !== null) sum.add(rowHash(sha256, module, scope, text));
      of.rows.set(id, { text, n });
    };
    for (const row of rows.map((each) => readRow(module, each))) replace(row.id, row.text);
    for (const id of deleted) replace(id, null);
    of.hashes.push(sum.hex());
    of.history.push(this.rows(module, scope));
  }

  /** The centre was restored: cursors of before fit no more. */
  beginEpoch(): void {
    this.#epoch = (this.#epoch + 1) % EPOCHS.length;
  }

  standing(module: ModuleName, scope: Scope) {
    const { rows, hashes } = this.#of(module, scope);
    const n = hashes.length - 1;
    const hash = hashes[n] ?? EMPTY_MODULE_HASH;
    const epoch = EPOCHS[this.#epoch] as string;
    const cursor = formatModuleCursor({ epoch, storeId: scope === "store" ? 1 : 0, n, hash });
    const live = [...rows.values()].filter(({ text }) => text !== null).length;
    return { module, scope, epoch, n, rows: live, hash, cursor };
  }

  /** What a reader of the whole should find, by id. */
  rows(module: ModuleName, scope: Scope): ReadonlyMap<string, string> {
    const entries = [...this.#of(module, scope).rows].flatMap(([id, { text }]) =>
      text === null ? [] : [[id, text] as const],
    );
    return new Map(entries);
  }

  /** What a reader of the copy at this n should find. */
  rowsAt(module: ModuleName, scope: Scope, n: number): ReadonlyMap<string, string> {
    return this.#of(module, scope).history[n] ?? new Map();
  }

  async fetch(request: FetchRequest, signal: AbortSignal): Promise<Lines> {
    this.requests.push(request);
    // The network takes its time: a till that asks on and on must not keep the test for ever.
    await settled();
    const text = await this.treat(request, () => this.#answer(request));
    signal.throwIfAborted();
    return linesOf(text);
  }

  #answer({ path }: FetchRequest): string {
    const url = new URL(path, "http://centre.test");
    const name = url.pathname.split("/").at(-1) ?? "";
    if (name === "gateway") return canonicalText({ modules: this.#gateway(url.searchParams.getAll("have")) });
    const ask = Object.fromEntries(url.searchParams) as {
      scope: Scope;
      since?: string;
      after?: string;
      limit?: string;
    };
    return this.#page(name as ModuleName, ask);
  }

  #gateway(have: readonly string[]) {
    const cursors = new Map(have.map(parseHave).map((of) => [`${of?.module}.${of?.scope}`, of?.cursor]));
    return MODULE_ORDER.flatMap((module) =>
      (["organization", "store"] as const).map((scope) => {
        const standing = this.standing(module, scope);
        const cursor = cursors.get(`${module}.${scope}`);
        const news = cursor === standing.cursor ? 0 : standing.rows;
        return { ...standing, dependsOn: [...MODULES[module].dependsOn], bytes: 0, news };
      }),
    );
  }

  #page(module: ModuleName, ask: { scope: Scope; since?: string; after?: string; limit?: string }): string {
    const standing = this.standing(module, ask.scope);
    const limit = Math.min(this.rowsPerPage, Number(ask.limit ?? this.rowsPerPage));
    const all =
      ask.since === undefined ? this.#snapshot(module, ask) : this.#delta(module, ask.scope, ask.since, ask.after);
    const page = all.slice(0, limit);
    const next = all.length > limit ? (page.at(-1)?.key ?? null) : null;
    const header: PageHeader = { ...standing, kind: ask.since === undefined ? "snapshot" : "delta", next };
    for (const { line } of page) {
      const sent = `${header.kind} ${module} ${ask.scope} ${line}`;
      if (this.#sent.has(sent)) this.sentAgain++;
      this.#sent.add(sent);
    }
    this.sent += page.length;
    return [canonicalText(header), ...page.map(({ line }) => line), ""].join("\n");
  }

  /** By keys; those of tests are plain, where the order of characters is that of their bytes. */
  #snapshot(module: ModuleName, { scope, after = "" }: { scope: Scope; after?: string }) {
    const rows = [...this.rows(module, scope)].filter(([id]) => id > after);
    return rows.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, line]) => ({ key, line }));
  }

  #delta(module: ModuleName, scope: Scope, since: string, after = "") {
    const from = parseModuleCursor(since);
    const { rows, hashes } = this.#of(module, scope);
    if (from.epoch !== EPOCHS[this.#epoch] || !(hashes[from.n] ?? "-").startsWith(from.hash)) throw moduleReset();
    const keyOf = (n: number, id: string) => `${String(n).padStart(9, "0")}:${id}`;
    return [...rows]
      .filter(([id, row]) => row.n > from.n && keyOf(row.n, id) > after)
      .map(([id, row]) => ({ key: keyOf(row.n, id), line: row.text ?? tombstoneText(id) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #of(module: ModuleName, scope: Scope): Catalogue {
    const key = `${module}.${scope}`;
    const found = this.#catalogues.get(key) ?? { rows: new Map(), hashes: [EMPTY_MODULE_HASH], history: [new Map()] };
    this.#catalogues.set(key, found);
    return found;
  }
}

/** The link is down. */
export const cut: Treat = () => {
  throw new SyncError("UNREACHABLE", "The test cut the link.");
};
