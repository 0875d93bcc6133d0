import { createHash } from "node:crypto";
import { canonicalText } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope, StoredChange, TerminalLife } from "../ingest/ports.ts";
import { tellAgain } from "../ingest/tell-again.ts";
import type { ClosePlace, Marks, SettlementRow, SettlementStore, SettlementTransaction, StoredRow } from "./ports.ts";
import * as sql from "./statements.ts";

/** Rows and bytes read at a time: a till's whole shift is never in memory. */
const PAGE_ROWS = 500;
const PAGE_BYTES = 4 * 1024 * 1024;

/** `SettlementStore` on PostgreSQL. */
export function postgresSettlements(pool: pg.Pool): SettlementStore {
  return {
    transaction: (scope, fn) => inScope(pool, scope, (client) => fn(new PostgresSettlement(client, scope))),
  };
}

class PostgresSettlement implements SettlementTransaction {
  readonly #client: pg.PoolClient;
  readonly #scope: Scope;

  constructor(client: pg.PoolClient, scope: Scope) {
    this.#client = client;
    this.#scope = scope;
  }

  async lock(terminal: string): Promise<void> {
    await this.#query(sql.LOCK_TERMINAL, terminal);
  }

  async judged({ terminal, incarnation, seq }: ClosePlace): Promise<SettlementRow | undefined> {
    const [row] = await this.#query<SettlementRow>(sql.READ_JUDGED, terminal, incarnation, seq);
    return row;
  }

  async mark({ terminal, incarnation }: TerminalLife): Promise<{ seq: number; hash: string } | undefined> {
    const [row] = await this.#query<{ seq: number; hash: string }>(sql.READ_END, terminal, incarnation);
    return row;
  }

  async rows({ terminal, incarnation }: TerminalLife, fromSeq: number, toSeq: number): Promise<readonly StoredRow[]> {
    type Head = Omit<StoredRow, "body" | "private" | "origin"> & { readonly origin: StoredChange["origin"] };
    const heads = await this.#query<Head>(sql.READ_HEADS, terminal, incarnation, fromSeq, toSeq, PAGE_ROWS);
    const [first, last] = [heads[0], heads.at(-1)];
    if (first === undefined || last === undefined) return [];
    const range = [terminal, incarnation, first.seq, last.seq];
    type Body = { seq: number; bytes: number; body: Buffer | null };
    const bodies = new Map<number, Body>();
    for (const row of await this.#query<Body>(sql.READ_BODIES, ...range, PAGE_BYTES)) bodies.set(row.seq, row);
    const privates = new Map<number, string>();
    for (const row of await this.#query<{ seq: number; private: Buffer }>(sql.READ_PRIVATES, ...range))
      privates.set(row.seq, row.private.toString("utf8"));
    const page: StoredRow[] = [];
    for (const head of heads) {
      const stored = bodies.get(head.seq);
      if (stored?.body === null) break; // too much for this page
      const body = stored?.body.toString("utf8") ?? null;
      page.push({ ...head, origin: head.origin ?? undefined, body, private: privates.get(head.seq) ?? null });
    }
    return page;
  }

  async sentAgain(
    { terminal, incarnation }: TerminalLife,
    range: Parameters<SettlementTransaction["sentAgain"]>[1],
    upTo: number,
  ) {
    type Found = { fromSeq: number | null; toSeq: number; originSeq: number };
    const { fromSeq, toSeq } = range;
    const place = [terminal, incarnation, range.incarnation, fromSeq, toSeq, upTo];
    const [row] = await this.#query<Found>(sql.SENT_AGAIN, ...place);
    return row === undefined || row.fromSeq === null ? undefined : { ...row, fromSeq: row.fromSeq };
  }

  async flag({ terminal, incarnation }: TerminalLife, marks: Marks, nowMs: number): Promise<void> {
    const { altered, missing, hashes, strays } = marks;
    if (altered.length > 0) await this.#query(sql.SET_DAMAGED, terminal, incarnation, altered);
    if (missing.length > 0) await this.#query(sql.KEEP_PLACES, terminal, incarnation, missing, new Date(nowMs));
    for (const { seq, hash } of hashes) await this.#query(sql.SET_HASH, terminal, incarnation, seq, hash);
    if (strays.length === 0) return;
    await this.#query(sql.DROP_PRIVATE, terminal, incarnation, strays);
    const released = await this.#query<{ localId: string | null }>(sql.RELEASE_PRIVATE, terminal, incarnation, strays);
    for (const { localId } of released) if (localId !== null) await this.#query(sql.WAKE_WAITING, localId);
  }

  async record(
    { terminal, incarnation, seq }: ClosePlace,
    row: Parameters<SettlementTransaction["record"]>[1],
    entry: Parameters<SettlementTransaction["record"]>[2],
    nowMs: number,
  ): Promise<void> {
    const { localId, businessDate, judgement, lacked, healed } = row;
    const { openSeq, closeSeq, state } = judgement;
    const json = [judgement, lacked, healed].map((value) => JSON.stringify(value));
    const place = [terminal, incarnation, seq];
    await this.#query(sql.RECORD, ...place, localId, businessDate, openSeq, closeSeq, state, ...json, new Date(nowMs));
    if (entry === null) return;
    const { effect, code, settlement } = entry;
    const digest = createHash("sha256").update(canonicalText({ terminal, incarnation, seq, settlement })).digest("hex");
    await this.#query(sql.TELL, ...place, effect, code, digest, nowMs, JSON.stringify(settlement));
  }

  tellAgain(life: TerminalLife, seqs: readonly number[], nowMs: number): Promise<void> {
    return tellAgain((text, ...params) => this.#query(text, ...params), life, seqs, nowMs);
  }

  due(terminal: string, limit: number): Promise<readonly ClosePlace[]> {
    return this.#query<ClosePlace>(sql.READ_DUE, terminal, limit);
  }

  async noteLacked({ terminal, incarnation }: TerminalLife, seqs: readonly number[]): Promise<void> {
    await this.#query(sql.NOTE_LACKED, terminal, incarnation, seqs);
  }

  async #query<T extends object>(text: string, ...params: readonly unknown[]): Promise<T[]> {
    const { orgId, storeId } = this.#scope;
    const { rows } = await this.#client.query<T>(text, [orgId, storeId, ...params]);
    return rows;
  }
}
