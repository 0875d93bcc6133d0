import { sha256 } from "@tillsync/engine";
import type { RecordEdit } from "@tillsync/protocol";
import { adopt, editOf, type Lost, RecordDesk, type StoredState } from "@tillsync/server/records";
import type { CentreDatabase } from "./database.ts";
import type { ReferenceData } from "./reference-data.ts";
import { type HeadRow, headKey } from "./tables.ts";

const ORGANIZATION = 0;

interface Tables {
  readonly states: ReadonlyMap<string, StoredState>;
  /** Places of edits that were merged. */
  readonly merged: ReadonlySet<string>;
  readonly lost: readonly Lost[];
}

export type CustomersBackup = Tables;

/** What a broken variant makes of one merge. */
export interface MergeFlaws {
  readonly edit?: (edit: RecordEdit) => RecordEdit;
  readonly lost?: (lost: readonly Lost[]) => readonly Lost[];
  /** Notes that an edit was merged; another answer notes another place. */
  readonly note?: (place: string) => string;
}

/**
 * Customers that tills edit, merged behind the exchanges as the centre does: what is due is seen in what is stored, and
 * each turn is one transaction. The rules are the product's; the tables are these maps.
 */
export class Customers {
  readonly #database: CentreDatabase;
  readonly #reference: ReferenceData;
  readonly #flaws: MergeFlaws;
  #tables: Tables = { states: new Map(), merged: new Set(), lost: [] };

  constructor(database: CentreDatabase, reference: ReferenceData, flaws: MergeFlaws = {}) {
    this.#database = database;
    this.#reference = reference;
    this.#flaws = flaws;
  }

  get tables(): Tables {
    return this.#tables;
  }

  backup(): CustomersBackup {
    return this.#tables;
  }

  restore(backup: CustomersBackup): void {
    this.#tables = backup;
  }

  /** Edits of a store that are applied and not merged, in the order in which they came. */
  due(storeId: number): HeadRow[] {
    const { heads, lives } = this.#database.store(storeId);
    const ordinals = [...lives.keys()];
    const ordinalOf = ({ terminal, incarnation }: HeadRow) => ordinals.indexOf(`${terminal}/${incarnation}`);
    return [...heads.values()]
      .filter((head) => head.kind === "customer.edited" && head.effect === "applied")
      .filter((head) => !this.#tables.merged.has(placeOf(head)))
      .sort((a, b) => a.receivedAtMs - b.receivedAtMs || ordinalOf(a) - ordinalOf(b) || a.seq - b.seq);
  }

  merge(storeId: number, nowMs: number): void {
    const due = this.due(storeId);
    if (due.length === 0) return;
    const { edit: changed = same, lost: kept = same, note = same } = this.#flaws;
    const ids = [...new Set(due.map(({ localId }) => localId ?? ""))];
    const standing = new Map(
      ids.flatMap((id) => {
        const row = this.#reference.row("customers", ORGANIZATION, id);
        return row === undefined ? [] : [[id, row] as const];
      }),
    );
    const at = { nowMs, storeId };
    const records = new Map(ids.map((id) => [id, adopt(this.#tables.states.get(id), standing.get(id), at)]));
    const desk = new RecordDesk(records, standing);
    const lost: Lost[] = [...this.#tables.lost];
    const merged = new Set(this.#tables.merged);
    for (const head of due) {
      const edit = editOf({ ...head, body: head.damaged ? null : head.body }, storeId, sha256);
      if (edit === undefined) continue;
      lost.push(...kept(desk.merge(head.localId ?? "", changed(edit), "per-field")));
      merged.add(note(placeOf(head)));
    }
    const states = new Map(this.#tables.states);
    for (const state of desk.states()) states.set(state.id, state);
    this.#tables = { states, merged, lost };
    this.#reference.write("customers", ORGANIZATION, desk.news(), nowMs);
  }
}

export function placeOf({ terminal, incarnation, seq }: Pick<HeadRow, "terminal" | "incarnation" | "seq">): string {
  return headKey(terminal, incarnation, seq);
}

function same<T>(value: T): T {
  return value;
}
