import type pg from "pg";
import type { Scope } from "./ports.ts";

/** Runs a statement whose first two parameters are the scope; gives its rows. */
export type Query = <T extends object>(text: string, ...params: readonly unknown[]) => Promise<T[]>;

export function queryIn(client: pg.PoolClient, { orgId, storeId }: Scope): Query {
  return async <T extends object>(text: string, ...params: readonly unknown[]) => {
    const { rows } = await client.query<T>({ name: nameOf(text), text, values: [orgId, storeId, ...params] });
    return rows;
  };
}

const names = new Map<string, string>();

/** Prepared statements by text: parsed and planned once per connection. */
export function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `ingest_${names.size + 1}`;
    names.set(text, name);
  }
  return name;
}
