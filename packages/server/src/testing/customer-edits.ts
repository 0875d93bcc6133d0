import { createHash } from "node:crypto";
import {
  customerPrivate,
  type FieldValue,
  privateHash,
  privateText,
  type RowChange,
  type Sha256,
} from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import { moduleRows } from "../records/module-rows.ts";
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

/** The organization's customers as tills read them. For tests. */
export class CustomerRows {
  readonly #pool: pg.Pool;
  readonly #scope: Scope;

  constructor(pool: pg.Pool, scope: Scope) {
    this.#pool = pool;
    this.#scope = scope;
  }

  /** As an import at head office does. */
  put(change: RowChange, nowMs: number): Promise<void> {
    return inScope(this.#pool, this.#scope, (client) => moduleRows.write(client, this.#scope, [change], nowMs));
  }

  /** Undefined when it is not there. */
  async row(id: string): Promise<unknown> {
    const rows = await inScope(this.#pool, this.#scope, (client) => moduleRows.read(client, this.#scope, [id]));
    const text = rows.get(id)?.text ?? null;
    return text === null ? undefined : JSON.parse(text);
  }

  /** How often the module was written. */
  writes(): Promise<number> {
    return inScope(this.#pool, this.#scope, async (client) => {
      const { rows } = await client.query<{ n: number }>(
        "SELECT n FROM module_state WHERE org_id = $1 AND store_id = 0 AND module = 'customers'",
        [this.#scope.orgId],
      );
      return rows[0]?.n ?? 0;
    });
  }
}
