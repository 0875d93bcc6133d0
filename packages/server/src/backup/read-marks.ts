import { createHash } from "node:crypto";
import { SyncError } from "@tillsync/protocol";
import pg from "pg";
import type { BackedUpMark, Found } from "./backup-folder.ts";

export interface Contents {
  readonly marks: readonly BackedUpMark[];
  readonly found: Omit<Found, "seconds">;
  /** What is not as it should be, in words; empty for a database that is whole. */
  readonly flaws: readonly string[];
  readonly serverEpoch: string;
}

/** Each life: what its mark says, and what is there. Every byte that was sold is read, so a page that is damaged shows. */
const LIVES = `SELECT i.org_id AS "orgId", i.store_id AS "storeId", i.terminal, i.incarnation,
    i.durable_through::float8 AS through, encode(i.chain_hash, 'hex') AS hash, coalesce(h.heads, 0)::float8 AS heads,
    coalesce(h.last, 0)::float8 AS last, encode(e.hash, 'hex') AS "lastHash", coalesce(b.bodies, 0)::float8 AS bodies
  FROM tillsync.incarnation i
  LEFT JOIN (SELECT org_id, store_id, terminal, incarnation, count(*) AS heads, max(seq) AS last
    FROM tillsync.change_head GROUP BY 1, 2, 3, 4) h USING (org_id, store_id, terminal, incarnation)
  LEFT JOIN (SELECT org_id, store_id, terminal, incarnation, count(sha256(body)) AS bodies
    FROM tillsync.change_body GROUP BY 1, 2, 3, 4) b USING (org_id, store_id, terminal, incarnation)
  LEFT JOIN tillsync.change_head e ON e.org_id = i.org_id AND e.store_id = i.store_id AND e.terminal = i.terminal
    AND e.incarnation = i.incarnation AND e.seq = i.durable_through
  ORDER BY 1, 2, 3, 4`;

const FEEDS = `SELECT c.org_id AS "orgId", c.store_id AS "storeId", c.epoch, c.n::float8 AS n, encode(c.chain, 'hex') AS chain,
    (SELECT count(*) FROM tillsync.feed_entry f WHERE f.org_id = c.org_id AND f.store_id = c.store_id)::float8 AS entries,
    (SELECT encode(f.chain, 'hex') FROM tillsync.feed_entry f WHERE f.org_id = c.org_id AND f.store_id = c.store_id AND f.n = c.n) AS "lastChain"
  FROM tillsync.feed_counter c ORDER BY 1, 2`;

const MODULES = `SELECT s.org_id AS "orgId", s.store_id AS "storeId", s.module, s.n::float8 AS n, encode(s.hash, 'hex') AS hash,
    s.row_count::float8 AS rows, (SELECT count(row_text) FROM tillsync.module_row r
      WHERE r.org_id = s.org_id AND r.store_id = s.store_id AND r.module = s.module)::float8 AS found
  FROM tillsync.module_state s ORDER BY 1, 2, 3`;

const COUNTS = `SELECT (SELECT count(*) FROM tillsync.store)::float8 AS stores, (SELECT count(*) FROM tillsync.terminal)::float8 AS terminals,
    (SELECT count(*) FROM tillsync.document)::float8 AS documents, (SELECT server_epoch FROM tillsync.server_identity) AS "serverEpoch"`;

type LifeRow = BackedUpMark & { heads: number; last: number; lastHash: string | null; bodies: number };
type FeedRow = {
  orgId: number;
  storeId: number;
  epoch: string;
  n: number;
  chain: string;
  entries: number;
  lastChain: string | null;
};
type ModuleRow = {
  orgId: number;
  storeId: number;
  module: string;
  n: number;
  hash: string;
  rows: number;
  found: number;
};
type CountRow = { stores: number; terminals: number; documents: number; serverEpoch: string };

/** Reads all of a database of ours as the superuser of its cluster. @throws SyncError BACKUP_UNUSABLE when it is none */
export async function readContents(adminUrl: string): Promise<Contents> {
  return asSuperuser(adminUrl, async (client) => {
    const read = async <T extends object>(text: string) => (await client.query<T>(text)).rows;
    const [{ rows: there } = { rows: [] }] = [await client.query("SELECT to_regclass('tillsync.log_position') AS t")];
    if ((there[0] as { t: string | null } | undefined)?.t == null) throw notOurs();
    const lives = await read<LifeRow>(LIVES);
    const feeds = await read<FeedRow>(FEEDS);
    const modules = await read<ModuleRow>(MODULES);
    const [counts] = await read<CountRow>(COUNTS);
    if (counts === undefined) throw notOurs();
    const { serverEpoch, ...sums } = counts;
    const lines = [...lives, ...feeds, ...modules].map((row) => JSON.stringify(row));
    return {
      marks: lives.map(({ orgId, storeId, terminal, incarnation, through, hash }) => ({
        ...{ orgId, storeId, terminal, incarnation, through, hash },
      })),
      found: {
        ...sums,
        changes: lives.reduce((sum, { heads }) => sum + heads, 0),
        feedEntries: feeds.reduce((sum, { entries }) => sum + entries, 0),
        digest: createHash("sha256").update(lines.join("\n")).digest("hex"),
      },
      flaws: [...lives.flatMap(flawOfLife), ...feeds.flatMap(flawOfFeed), ...modules.flatMap(flawOfModule)],
      serverEpoch,
    };
  });
}

/** Runs `use` on the database `tillsync` of a cluster, as its superuser: row security does not bind it. */
export async function asSuperuser<T>(adminUrl: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const url = new URL(adminUrl);
  url.pathname = "/tillsync";
  const client = new pg.Client({ connectionString: url.href, application_name: "tillsync backup" });
  // A server that goes away between two queries reports it here; the query that follows fails by itself.
  client.on("error", () => {});
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => {});
  }
}

function flawOfLife(life: LifeRow): string[] {
  const { terminal, incarnation, through, hash, heads, last, lastHash, bodies } = life;
  // Bytes may be missing of rows that are known to be damaged; what was never stored may not.
  if (heads === through && last === through && (through === 0 || lastHash === hash) && bodies <= heads) return [];
  return [`${terminal}/${incarnation} says ${through}, and has ${heads} heads up to ${last} and ${bodies} bodies`];
}

function flawOfFeed({ storeId, n, chain, entries, lastChain }: FeedRow): string[] {
  if (entries === n && (n === 0 || lastChain === chain)) return [];
  return [`the feed of store ${storeId} says ${n}, and has ${entries} entries`];
}

function flawOfModule({ storeId, module, rows, found }: ModuleRow): string[] {
  return rows === found ? [] : [`${module} of store ${storeId} says ${rows} rows, and has ${found}`];
}

function notOurs(): SyncError {
  return new SyncError("BACKUP_UNUSABLE", "The database has no schema of this release: start a server on it once.");
}
