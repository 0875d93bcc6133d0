import { randomUUID } from "node:crypto";
import { currency, parseAs, SyncError, shortId, uuid } from "@tillsync/protocol";
import type pg from "pg";
import { z } from "zod";
import { asOperator } from "../db/scope.ts";
import { noteAct } from "./acts.ts";
import { findOrMakeDevice } from "./devices.ts";
import { keyHash, makeKey } from "./keys.ts";
import { takeShortId } from "./short-ids.ts";

export const code = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "1 to 64 letters, digits, dots, underscores or hyphens");

/** What a key may do at the doors of the centre. */
export const role = z.enum(["terminal", "foreign", "admin"]);
export type KeyRole = z.infer<typeof role>;

/** Becomes the actor of everything done with a key, and is what `revoke` takes. */
export const keyName = z.string().regex(/^\P{Cc}{1,64}$/u, "1 to 64 characters");
export const terminalKind = z.string().regex(/^[a-z][a-z-]{0,31}$/, "a kind such as retail");

/** Who enrols with the database at hand, without a key of an admin. */
export const AT_THE_DATABASE = "operator at the database";

const enrolment = z.strictObject({
  org: code,
  store: code,
  currency,
  role,
  name: keyName,
  terminal: z
    .strictObject({
      id: uuid.optional(),
      shortId,
      kind: terminalKind.optional(),
    })
    .optional(),
  /** The one 004 `deviceId` that a key of role foreign speaks for; without it any of the store. */
  device: z
    .string()
    .regex(/^[^\p{Cc}\p{Cs}]{1,64}$/u, "a deviceId of 1 to 64 characters")
    .optional(),
});

export type Enrolment = z.infer<typeof enrolment>;

/** The key is in here and nowhere else: it cannot be shown again. */
export interface Enrolled {
  readonly key: string;
  readonly orgId: number;
  readonly storeId: number;
  readonly terminal?: string;
  readonly shortId?: string;
}

/**
 * Makes an access key, and the organization, store and terminal it is for where they do not exist yet. Enrolling a
 * terminal again gives one more key for the same UUID; the earlier keys stay good until they are revoked.
 *
 * ```ts
 * await enroll(pool, { org: "demo", store: "main", currency: "KES", role: "admin", name: "head office" }, Date.now());
 * ```
 *
 * @param nowMs the wall clock, milliseconds since 1970
 * @throws SyncError INVALID_INPUT when a field is wrong or contradicts what is stored; UNAVAILABLE
 */
export async function enroll(pool: pg.Pool, wanted: Enrolment, nowMs: number): Promise<Enrolled> {
  const { org, store, terminal, device, ...access } = parseAs(enrolment, wanted);
  if (device !== undefined && (access.role !== "foreign" || terminal !== undefined)) {
    const expected = "a key of role foreign without a terminal";
    throw new SyncError("INVALID_INPUT", `device: is for ${expected}.`, { field: "device", expected });
  }
  if (access.role === "terminal" && terminal === undefined) {
    const field = "terminal.shortId";
    throw new SyncError("INVALID_INPUT", `A key of role terminal needs a terminal; got none.`, {
      field,
      expected: "a short id such as T01",
    });
  }
  const key = makeKey();
  const now = new Date(nowMs);
  return asOperator(pool, async (client) => {
    const orgId = await ensureOrganization(client, org, now);
    const storeId = await ensureStore(client, orgId, { code: store, currency: access.currency }, now);
    const at = { orgId, storeId };
    const till = terminal === undefined ? undefined : await ensureTerminal(client, at, terminal, now);
    const speaker = device === undefined ? till : await findOrMakeDevice(client, at, device, nowMs);
    await client.query(
      `INSERT INTO access_key (key_hash, org_id, store_id, role, name, terminal, created_at)
       VALUES (decode($1, 'hex'), $2, $3, $4, $5, $6, $7)`,
      [keyHash(key), orgId, storeId, access.role, access.name, speaker?.terminal ?? null, now],
    );
    await noteAct(client, at, {
      ...{ at: now, act: "key-made", actor: AT_THE_DATABASE, terminal: speaker?.terminal ?? null },
      details: { role: access.role, name: access.name },
    });
    return { key, ...at, ...(speaker && { terminal: speaker.terminal, shortId: speaker.shortId }) };
  });
}

/** Another enrolment may be making the same row: then ours waits for it, inserts nothing and reads it. */
export async function ensureOrganization(client: pg.PoolClient, org: string, now: Date): Promise<number> {
  const find = () => client.query<{ org_id: number }>("SELECT org_id FROM organization WHERE code = $1", [org]);
  let row = (await find()).rows[0];
  if (row === undefined) {
    await client.query("INSERT INTO organization (code, created_at) VALUES ($1, $2) ON CONFLICT (code) DO NOTHING", [
      org,
      now,
    ]);
    row = (await find()).rows[0];
  }
  if (row === undefined) throw new Error("the organization is not there after it was inserted");
  return row.org_id;
}

export async function ensureStore(
  client: pg.PoolClient,
  orgId: number,
  store: { code: string; currency: string },
  now: Date,
): Promise<number> {
  const find = () =>
    client.query<{ store_id: number; currency: string }>(
      "SELECT store_id, currency FROM store WHERE org_id = $1 AND code = $2",
      [orgId, store.code],
    );
  let row = (await find()).rows[0];
  if (row === undefined) {
    await client.query(
      "INSERT INTO store (org_id, code, currency, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, code) DO NOTHING",
      [orgId, store.code, store.currency, now],
    );
    row = (await find()).rows[0];
  }
  if (row === undefined) throw new Error("the store is not there after it was inserted");
  if (row.currency !== store.currency) {
    throw contradiction("currency", `Store ${store.code} counts in ${row.currency}`, row.currency, store.currency);
  }
  await client.query("INSERT INTO feed_counter (org_id, store_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
    orgId,
    row.store_id,
  ]);
  return row.store_id;
}

export async function ensureTerminal(
  client: pg.PoolClient,
  at: { orgId: number; storeId: number },
  wanted: NonNullable<Enrolment["terminal"]>,
  now: Date,
): Promise<{ terminal: string; shortId: string }> {
  const find = () =>
    client.query<{ terminal: string; short_id: string; kind: string }>(
      "SELECT terminal, short_id, kind FROM terminal WHERE org_id = $1 AND store_id = $2 AND (short_id = $3 OR terminal = $4)",
      [at.orgId, at.storeId, wanted.shortId, wanted.id ?? null],
    );
  let row = (await find()).rows[0];
  if (row === undefined) {
    await client.query(
      `INSERT INTO terminal (org_id, store_id, terminal, short_id, kind, created_at) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT DO NOTHING`,
      [at.orgId, at.storeId, wanted.id ?? randomUUID(), wanted.shortId, wanted.kind ?? "retail", now],
    );
    row = (await find()).rows[0];
    if (row?.short_id === wanted.shortId)
      await takeShortId(client, at, { terminal: row.terminal, shortId: row.short_id, at: now });
  }
  if (row === undefined) throw new Error("the terminal is not there after it was inserted");
  if (row.short_id !== wanted.shortId) {
    throw contradiction("terminal.shortId", `This terminal is ${row.short_id}`, row.short_id, wanted.shortId);
  }
  if (wanted.id !== undefined && row.terminal !== wanted.id) {
    throw contradiction("terminal.id", `${wanted.shortId} is another terminal`, row.terminal, wanted.id);
  }
  if (wanted.kind !== undefined && row.kind !== wanted.kind) {
    throw contradiction("terminal.kind", `${wanted.shortId} is of kind ${row.kind}`, row.kind, wanted.kind);
  }
  return { terminal: row.terminal, shortId: row.short_id };
}

function contradiction(field: string, fact: string, expected: string, got: string): SyncError {
  return new SyncError("INVALID_INPUT", `${fact}, not ${got}.`, { field, expected, got });
}
