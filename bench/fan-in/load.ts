// A worker: many tills that each send five sales, wait for the answer, and send the next five.
import { zstdCompressSync } from "node:zlib";
import { sha256, systemIds } from "@tillsync/engine";
import { CHAIN_START, canonicalText, linkHash, PROTOCOL_VERSION } from "@tillsync/protocol";
import { Pool } from "undici";
import { type Sale, sales } from "../sales.ts";
import type { Enrolled } from "../tills.ts";
import { answer } from "../worker-side.ts";

export interface Load {
  readonly url: string;
  readonly tills: readonly Enrolled[];
  readonly to: "tillsync" | "minimal";
  readonly pushes: number;
}

const SALES_A_PUSH = 5;
const INCARNATION = "00112233445566ff";

interface Change {
  readonly body: string;
  readonly hash: string;
}

/** One till's side of the conversation. */
class Till {
  readonly #given: Enrolled;
  readonly #sales: Iterator<Sale>;
  #seq = 0;
  #prevHash = CHAIN_START;
  #cursor: string | null = null;

  constructor(given: Enrolled, seed: number) {
    this.#given = given;
    this.#sales = sales(1_000_000, seed);
  }

  /** The next sales as changes; made before the clock starts. */
  changes(count: number): { from: number; prevHash: string; changes: Change[] } {
    const { terminal } = this.#given;
    const from = this.#seq + 1;
    const before = this.#prevHash;
    const changes = Array.from({ length: count }, () => {
      const seq = ++this.#seq;
      const body = bodyOf(this.#sales.next().value as Sale, seq);
      const hash = linkHash(sha256, { terminal, incarnation: INCARNATION, seq, prevHash: this.#prevHash, body });
      this.#prevHash = hash;
      return { body, hash };
    });
    return { from, prevHash: before, changes };
  }

  async exchange(pool: Pool, { from, prevHash, changes }: ReturnType<Till["changes"]>): Promise<void> {
    const { terminal, key } = this.#given;
    const place = { terminal, incarnation: INCARNATION, fromSeq: from, prevHash, headSeq: from + changes.length - 1 };
    const request = { protocolVersion: PROTOCOL_VERSION, ...place, changes, cursor: this.#cursor };
    const packed = zstdCompressSync(JSON.stringify(request));
    const headers = { "content-type": "application/json", "content-encoding": "zstd", authorization: `Bearer ${key}` };
    const { cursor } = await post(pool, "/api/sync/exchange", packed, headers);
    this.#cursor = String(cursor);
  }

  async insert(pool: Pool, { from, changes }: ReturnType<Till["changes"]>): Promise<void> {
    const rows = changes.map((change, index) => ({ seq: from + index, ...change }));
    const headers = { "content-type": "application/json" };
    await post(pool, "/batch", JSON.stringify({ place: this.#given, sales: rows }), headers);
  }
}

async function post(pool: Pool, path: string, body: string | Buffer, headers: Record<string, string>) {
  const answer = await pool.request({ path, method: "POST", headers, body });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${text}`);
  return JSON.parse(text) as { cursor?: string };
}

function bodyOf({ localId, occurredAt, ...rest }: Sale, seq: number): string {
  const lines = rest.lines.map((line, index) => ({ ...line, id: String(index + 1) }));
  const totalMinor = rest.tenders.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const receiptNumber = `T01-20260116-${String(seq).padStart(5, "0")}`;
  const payload = { documentType: "sale", currency: "KES", ...rest, lines, totalMinor, receiptNumber };
  const envelope = {
    kind: "order.closed",
    localId,
    version: 1,
    shiftId: "shift-1",
    businessDate: "2026-01-16",
    occurredAt,
  };
  return canonicalText({ ...envelope, changeId: systemIds.next(), payload });
}

let pool: Pool | undefined;
let tills: Till[] = [];

answer(
  {
    /** Connects every till: its key is looked up, its life begins, nothing is sent. */
    connect: async ({ url, tills: given, to }: Load) => {
      pool = new Pool(url, { connections: given.length });
      tills = given.map((each, index) => new Till(each, index + 1));
      const hello = to === "tillsync" ? ("exchange" as const) : ("insert" as const);
      for (let at = 0; at < tills.length; at += 50)
        await Promise.all(tills.slice(at, at + 50).map((till) => till[hello](pool as Pool, till.changes(0))));
    },
    push: async ({ to, pushes }: Pick<Load, "to" | "pushes">) => {
      const each = Math.ceil(pushes / tills.length);
      const work = tills.map((till) => Array.from({ length: each }, () => till.changes(SALES_A_PUSH)));
      const times: number[] = [];
      const begin = performance.now();
      await Promise.all(
        tills.map(async (till, index) => {
          for (const changes of work[index] ?? []) {
            const from = performance.now();
            if (to === "tillsync") await till.exchange(pool as Pool, changes);
            else await till.insert(pool as Pool, changes);
            times.push(performance.now() - from);
          }
        }),
      );
      const ms = performance.now() - begin;
      times.sort((a, b) => a - b);
      const at = (share: number) => times[Math.floor(times.length * share)] ?? 0;
      return { ms, pushes: times.length, sales: times.length * SALES_A_PUSH, p50Ms: at(0.5), p99Ms: at(0.99) };
    },
  },
  () => pool?.destroy(),
);
