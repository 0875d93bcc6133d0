import { CHAIN_START, type ChainPlace, type Comparison } from "@tillsync/protocol";
import type { ForkedRow, TerminalLife } from "./ports.ts";
import type { Query } from "./postgres-query.ts";

/** Evidence for people. Their bytes travel apart: PostgreSQL's JSON has no NUL. */
const KEEP_FORKS = `
  INSERT INTO fork (org_id, store_id, terminal, incarnation, seq, hash, body, private, received_at)
  SELECT $1, $2, $3, $4, seq, decode(hash, 'hex'), body, private, $9
  FROM unnest($5::bigint[], $6::text[], $7::bytea[], $8::bytea[]) AS r(seq, hash, body, private)
  ON CONFLICT DO NOTHING`;

/** The places are few; each is one look into the primary key. */
const COMMON_PLACE = `
  SELECT h.seq::float8 AS seq, encode(h.hash, 'hex') AS hash
  FROM unnest($5::bigint[], $6::text[]) AS r(seq, hash)
  JOIN change_head h ON h.org_id = $1 AND h.store_id = $2 AND h.terminal = $3 AND h.incarnation = $4
    AND h.seq = r.seq AND h.hash = decode(r.hash, 'hex')
  ORDER BY h.seq DESC LIMIT 1`;

const OTHER_LIFE = `
  SELECT incarnation, durable_through::float8 AS "durableThrough", encode(chain_hash, 'hex') AS "chainHash"
  FROM incarnation WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation <> $4 AND durable_through > 0
  ORDER BY ordinal DESC LIMIT 1`;

export async function keepForks(
  query: Query,
  { terminal, incarnation }: TerminalLife,
  rows: readonly ForkedRow[],
  nowMs: number,
): Promise<void> {
  const bytes = (text: string | null) => (text === null ? null : Buffer.from(text, "utf8"));
  await query(
    KEEP_FORKS,
    terminal,
    incarnation,
    rows.map(({ seq }) => seq),
    rows.map(({ hash }) => hash),
    rows.map(({ body }) => bytes(body)),
    rows.map((row) => bytes(row.private)),
    new Date(nowMs),
  );
}

export async function compareLife(
  query: Query,
  { terminal, incarnation }: TerminalLife,
  places: readonly ChainPlace[],
): Promise<Comparison> {
  const lists = [places.map(({ seq }) => seq), places.map(({ hash }) => hash)];
  const [[common = { seq: 0, hash: CHAIN_START }], [other = null]] = await Promise.all([
    query<ChainPlace>(COMMON_PLACE, terminal, incarnation, ...lists),
    query<NonNullable<Comparison["other"]>>(OTHER_LIFE, terminal, incarnation),
  ]);
  return { common, other };
}
