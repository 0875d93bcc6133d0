import { createHash } from "node:crypto";
import {
  customerPrivate,
  type FieldValue,
  privateHash,
  privateText,
  type RowChange,
  type Sha256,
} from "@tillsync/protocol";
import type { RecordRows, StandingRow } from "../records/ports.ts";
import { SampleLife, sampleBody, sampleChangeId } from "./sample-life.ts";

const sha256: Sha256 = (text) => createHash("sha256").update(text, "utf8").digest("hex");

export interface SampleEdit {
  readonly set?: Readonly<Record<string, FieldValue>>;
  readonly base?: Readonly<Record<string, FieldValue>>;
  readonly add?: Readonly<Record<string, number>>;
  readonly exists?: boolean;
  /** Time of day, on the till's clock. */
  readonly at: string;
  readonly clockOffsetMs?: number;
}

/** A life of a till that edits customers. For tests. */
export class CustomerLife extends SampleLife {
  edit(id: string, { set = {}, base = {}, add = {}, exists, at, clockOffsetMs }: SampleEdit): number {
    const version = this.wires.length + 1;
    const secret = privateText(customerPrivate(set, base), version.toString(16).padStart(32, "0"));
    const fields = {
      localId: id,
      changeId: sampleChangeId(`${this.terminal} ${this.incarnation} ${version}`),
      version,
      occurredAt: `2026-01-16T${at}.000Z`,
      private: privateHash(sha256, secret),
    };
    const deltas = Object.entries(add).map(([field, delta]) => ({ field, delta }));
    const payload = { fields: Object.keys(set), add: deltas, exists, clockOffsetMs };
    return this.add(sampleBody("customer.edited", fields, payload), { private: secret });
  }
}

/** The module in memory, for tests of what is merged into it. */
export class MemoryRows implements RecordRows {
  readonly rows = new Map<string, StandingRow>();
  /** How often it was written, each one number of the module. */
  writes = 0;

  read: RecordRows["read"] = async (_client, _scope, ids) =>
    new Map(ids.flatMap((id) => (this.rows.has(id) ? [[id, this.rows.get(id) as StandingRow] as const] : [])));

  write: RecordRows["write"] = async (_client, _scope, changes, nowMs) => {
    this.writes++;
    for (const change of changes) this.put(change, nowMs);
  };

  put(change: RowChange, nowMs: number): void {
    this.rows.set(change.id, { text: change.deleted ? null : change.text, changedAtMs: nowMs });
  }

  /** Undefined when it is not there. */
  row(id: string): unknown {
    const text = this.rows.get(id)?.text ?? null;
    return text === null ? undefined : JSON.parse(text);
  }
}
