import { hash } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import { ModuleHash, type ModuleName, type PageHeader, rowHash, type Scope } from "@tillsync/protocol";
import { request } from "undici";
import type { Door } from "../http-door.ts";

const sha256 = (text: string) => hash("sha256", text, "hex");

export interface PullFigures {
  readonly pages: number;
  readonly rows: number;
  readonly bytes: number;
  readonly packedBytes: number;
  readonly ms: number;
}

/**
 * A copy of one module, fetched page by page over HTTP by a program that is not the till's: it knows the documented form
 * of a page and nothing else. It keeps the sum of its rows' hashes. For tests and proofs.
 */
export class PulledModule {
  readonly #door: Door;
  readonly #module: ModuleName;
  readonly #scope: Scope;
  readonly #rows = new Map<string, string>();
  readonly #sum = new ModuleHash();
  #cursor: string | undefined;
  #wanted = "";

  constructor(door: Door, module: ModuleName, scope: Scope) {
    this.#door = door;
    this.#module = module;
    this.#scope = scope;
  }

  /** Rows that the copy has. */
  get size(): number {
    return this.#rows.size;
  }

  /** Of the rows that the copy has. */
  get hash(): string {
    return this.#sum.hex();
  }

  /** Every so-many-th row. */
  *every(count: number): Generator<string> {
    let at = 0;
    for (const text of this.#rows.values()) if (at++ % count === 0) yield text;
  }

  /** True when the copy's hash is the one that head office gave with the last page. */
  get isEqual(): boolean {
    return this.#sum.hex() === this.#wanted;
  }

  /** Fetches the whole, or what changed since the last time. */
  async pull(): Promise<PullFigures> {
    const started = performance.now();
    const since = this.#cursor;
    let [pages, rows, bytes, packedBytes] = [0, 0, 0, 0];
    for (let next: string | null = ""; next !== null; ) {
      const page = await this.#page({
        ...(since === undefined ? {} : { since }),
        ...(next === "" ? {} : { after: next }),
      });
      const [header = "", ...lines] = page.text.trimEnd().split("\n");
      const parsed = JSON.parse(header) as PageHeader;
      for (const line of lines) this.#take(line);
      pages++;
      rows += lines.length;
      bytes += page.text.length;
      packedBytes += page.packedBytes;
      // Nothing is written while a snapshot is fetched here; a till asks for what changed meanwhile.
      [this.#cursor, this.#wanted, next] = [parsed.cursor, parsed.hash, parsed.next];
    }
    return { pages, rows, bytes, packedBytes, ms: Math.round(performance.now() - started) };
  }

  #take(line: string): void {
    const { id, deleted } = JSON.parse(line) as { readonly id: string; readonly deleted?: true };
    const before = this.#rows.get(id);
    if (before !== undefined) this.#sum.subtract(rowHash(sha256, this.#module, this.#scope, before));
    if (deleted === true) {
      this.#rows.delete(id);
      return;
    }
    this.#rows.set(id, line);
    this.#sum.add(rowHash(sha256, this.#module, this.#scope, line));
  }

  async #page(query: Readonly<Record<string, string>>): Promise<{ text: string; packedBytes: number }> {
    const search = new URLSearchParams({ scope: this.#scope, ...query });
    const headers = { authorization: `Bearer ${this.#door.key}`, "accept-encoding": "zstd" };
    const answer = await request(`${this.#door.url}/api/sync/modules/${this.#module}?${search}`, { headers });
    const body = Buffer.from(await answer.body.arrayBuffer());
    const text = (answer.headers["content-encoding"] === "zstd" ? zstdDecompressSync(body) : body).toString("utf8");
    if (answer.statusCode !== 200) throw new Error(`${this.#module}: ${answer.statusCode} ${text.slice(0, 300)}`);
    return { text, packedBytes: body.length };
  }
}
