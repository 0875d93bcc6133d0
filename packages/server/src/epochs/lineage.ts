import type pg from "pg";
import { asOperator } from "../db/scope.ts";

/** Which files a database is, as PostgreSQL itself says, and how far it has come. */
export interface Place {
  /** Made by initdb, copied with the files: another one is another cluster, filled from a dump. */
  readonly system: string;
  /** Rises when a backup is rolled forward, or a standby takes over. */
  readonly timeline: number;
  /** Position in the write-ahead log that is safe on the disk, bytes. */
  readonly lsn: bigint;
}

/** What somebody outside the database remembers of it: the file beside a server's data (`witness-file.ts`). */
export type Seen = Place & { readonly epoch: string };

export interface Lineage extends Seen {
  /** Why this look began a new epoch; null when it did not. */
  readonly renewed: string | null;
}

interface Row {
  readonly epoch: string;
  readonly knownSystem: string | null;
  readonly knownTimeline: number | null;
  readonly system: string;
  readonly timeline: number;
  readonly lsn: string;
}

const LOOK = `SELECT i.server_epoch AS epoch, i.system_identifier AS "knownSystem", i.timeline AS "knownTimeline",
    s.system_identifier::text AS system, ('x' || left(pg_walfile_name(l.lsn), 8))::bit(32)::bigint AS timeline,
    (l.lsn - '0/0'::pg_lsn)::text AS lsn
  FROM server_identity i, pg_control_system() s, (SELECT pg_current_wal_flush_lsn() AS lsn) l`;

/**
 * Looks whether this is still the database that it was. One that was rolled forward from a backup, filled from a dump, or
 * whose place a standby took, says so itself; of one whose files were put back only `seen` knows. Then a new epoch begins
 * before anything is given a number, once, whichever server looks first.
 */
export async function checkLineage(pool: pg.Pool, seen: Seen | undefined): Promise<Lineage> {
  return asOperator(pool, async (client) => {
    const { rows } = await client.query<Row>(`${LOOK} FOR UPDATE OF i`);
    const [row] = rows;
    if (row === undefined) throw new Error("server_identity is empty: the schema was not set up by its migrations");
    const { system, timeline } = row;
    const place = { system, timeline, lsn: BigInt(row.lsn) };
    const renewed = whyRenew(row, place, seen);
    if (renewed === null && row.knownSystem === system && row.knownTimeline === timeline)
      return { ...place, epoch: row.epoch, renewed };
    const epoch = renewed === null ? row.epoch : await renewEpochs(client, renewed);
    await client.query("UPDATE server_identity SET system_identifier = $1, timeline = $2", [system, timeline]);
    return { ...place, epoch, renewed };
  });
}

/** Begins a new epoch of the server and of every store's feed, in the caller's transaction. @returns the server's */
export async function renewEpochs(client: pg.ClientBase, why: string): Promise<string> {
  const { rows } = await client.query<{ epoch: string }>("SELECT renew_epochs($1) AS epoch", [why]);
  return rows[0]?.epoch ?? "";
}

/** Exported for its test. Pure. */
export function whyRenew(
  known: Pick<Row, "epoch" | "knownSystem" | "knownTimeline">,
  place: Place,
  seen: Seen | undefined,
): string | null {
  // A database that no server has looked at yet has no history that could have been lost.
  if (known.knownSystem !== null && known.knownSystem !== place.system)
    return "the database came into another PostgreSQL cluster: restored from a dump, or moved";
  if (known.knownTimeline !== null && known.knownTimeline !== place.timeline)
    return `PostgreSQL went from timeline ${known.knownTimeline} to ${place.timeline}: rolled forward from a backup, or a standby took over`;
  // Of another database, or of an epoch that ended: it says nothing about this one.
  if (seen === undefined || seen.epoch !== known.epoch || seen.system !== place.system) return null;
  if (seen.timeline === place.timeline && seen.lsn > place.lsn)
    return "the write-ahead log is shorter than it was: files of the database were put back";
  return null;
}
