import type { Scope, TerminalLife } from "@tillsync/server/ingest";
import type { ClosePlace, Marks, SettlementRow, SettlementTransaction, StoredRow } from "@tillsync/server/settlement";
import { appendRuns, tellableRuns } from "./feed.ts";
import type { View } from "./overlay.ts";
import { foundRow, holds, LOST, shiftsOf, waitingFor, withPrivate, woken } from "./repairs.ts";
import type { Session } from "./session.ts";
import { COUNTER, type HeadRow, headKey, lifeKey } from "./tables.ts";

/** The statements of `server/src/settlement/statements.ts`, on maps. */
export class MemorySettlement implements SettlementTransaction {
  readonly #view: View;
  readonly #scope: Scope;
  readonly #session: Session;

  constructor(view: View, scope: Scope, session: Session) {
    this.#view = view;
    this.#scope = scope;
    this.#session = session;
  }

  async lock(terminal: string): Promise<void> {
    await this.#session.pause("before judge");
    await this.#lock(`terminal/${terminal}`);
  }

  async judged(place: ClosePlace): Promise<SettlementRow | undefined> {
    return this.#view.settlements.get(keyOf(place));
  }

  async mark(life: TerminalLife): Promise<{ seq: number; hash: string } | undefined> {
    const row = this.#view.lives.get(lifeKey(life.terminal, life.incarnation));
    return row && { seq: row.durableThrough, hash: row.chainHash };
  }

  async rows(life: TerminalLife, fromSeq: number, toSeq: number): Promise<readonly StoredRow[]> {
    const rows: StoredRow[] = [];
    for (let seq = fromSeq; seq <= toSeq; seq++) {
      const row = this.#view.heads.get(headKey(life.terminal, life.incarnation, seq));
      if (row === undefined) continue;
      const { kind, effect, code, repeat, damaged, private: secret } = row;
      rows.push({ ...foundRow(row), kind, effect, code, repeat, damaged, private: secret });
    }
    return rows;
  }

  async sentAgain(...[life, range, upTo]: Parameters<SettlementTransaction["sentAgain"]>) {
    const found = [...this.#view.heads.values()].filter(
      ({ terminal, incarnation, seq, origin }) =>
        terminal === life.terminal &&
        incarnation === life.incarnation &&
        seq <= upTo &&
        origin?.incarnation === range.incarnation &&
        origin.seq >= range.fromSeq &&
        origin.seq <= range.toSeq,
    );
    if (found.length === 0) return undefined;
    const seqs = found.map(({ seq }) => seq);
    const originSeq = Math.min(...found.map(({ origin }) => origin?.seq ?? 0));
    return { fromSeq: Math.min(...seqs), toSeq: Math.max(...seqs), originSeq };
  }

  async flag(life: TerminalLife, { altered, missing, hashes, strays }: Marks, nowMs: number): Promise<void> {
    for (const seq of altered) await this.#change(life, seq, (row) => ({ ...row, damaged: true }));
    for (const seq of missing) this.#keepPlace(life, seq, nowMs);
    for (const { seq, hash } of hashes) await this.#change(life, seq, (row) => ({ ...row, hash }));
    for (const seq of strays) await this.#dropPrivate(life, seq);
  }

  async record(...[place, row, entry]: Parameters<SettlementTransaction["record"]>): Promise<void> {
    await this.#session.pause("before record");
    const { terminal, incarnation, seq } = place;
    this.#view.settlements.put(keyOf(place), { ...row, terminal, incarnation, seq, due: false });
    if (entry === null) return;
    await this.#lock(COUNTER);
    const { effect, code, settlement } = entry;
    appendRuns(this.#view, { terminal, incarnation }, [
      { fromSeq: seq, toSeq: seq, effect, code, message: null, settlement },
    ]);
  }

  async tellAgain({ terminal, incarnation }: TerminalLife, seqs: readonly number[]): Promise<void> {
    const runs = tellableRuns(this.#view, { terminal, incarnation }, seqs);
    if (runs.length === 0) return;
    await this.#lock(COUNTER);
    appendRuns(this.#view, { terminal, incarnation }, runs);
  }

  async due(terminal: string, limit: number): Promise<readonly ClosePlace[]> {
    const due = [...this.#view.settlements.values()].filter((row) => row.due && row.terminal === terminal);
    return due.slice(0, limit).map(({ incarnation, seq }) => ({ terminal, incarnation, seq }));
  }

  async noteLacked(life: TerminalLife, seqs: readonly number[]): Promise<void> {
    for (const { key } of shiftsOf(this.#view, life, seqs)) {
      await this.#lock(`settlement/${key}`);
      const row = this.#view.settlements.get(key);
      if (row === undefined) continue;
      const more = seqs.filter((seq) => holds(row, seq) && !row.lacked.includes(seq));
      if (more.length > 0) this.#view.settlements.put(key, { ...row, lacked: [...row.lacked, ...more], due: true });
    }
  }

  /** What became of it, the feed still tells. */
  #keepPlace(life: TerminalLife, seq: number, nowMs: number): void {
    const told = [...this.#view.feed.values()].findLast(
      (entry) =>
        entry.settlement === undefined &&
        entry.terminal === life.terminal &&
        entry.incarnation === life.incarnation &&
        entry.fromSeq <= seq &&
        entry.toSeq >= seq,
    );
    this.#view.heads.put(headKey(life.terminal, life.incarnation, seq), {
      ...{ ...life, seq, hash: LOST, body: "", private: null, origin: null, changeId: null, kind: null, localId: null },
      ...{ damaged: true, repeat: false, receivedAtMs: nowMs },
      effect: told?.effect ?? "parked",
      code: told ? told.code : "BODY_DAMAGED",
      message: told?.message ?? null,
    });
  }

  async #dropPrivate(life: TerminalLife, seq: number): Promise<void> {
    const key = headKey(life.terminal, life.incarnation, seq);
    const isParked = this.#view.heads.get(key)?.effect === "parked";
    await this.#change(life, seq, (row) => withPrivate(row, null));
    const row = this.#view.heads.get(key);
    if (!isParked || row?.effect !== "pending") return;
    for (const other of waitingFor(this.#view, row.localId)) await this.#changeAt(other, woken);
  }

  #change(life: TerminalLife, seq: number, change: (row: HeadRow) => HeadRow): Promise<void> {
    return this.#changeAt(headKey(life.terminal, life.incarnation, seq), change);
  }

  async #changeAt(key: string, change: (row: HeadRow) => HeadRow): Promise<void> {
    await this.#lock(`head/${key}`);
    const row = this.#view.heads.get(key);
    if (row) this.#view.heads.put(key, change(row));
  }

  #lock(key: string): Promise<void> {
    return this.#session.lock(`${this.#scope.storeId}/${key}`);
  }
}

function keyOf({ terminal, incarnation, seq }: ClosePlace): string {
  return headKey(terminal, incarnation, seq);
}
