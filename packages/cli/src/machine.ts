import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Credential,
  ensureMachineKey,
  grantSays,
  keepGrantText,
  machineCredential,
  openWitness,
  readGrantText,
} from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { EnrolledMachine } from "@tillsync/server";
import { centralUrl, terminalFile } from "./config/derived.ts";
import type { Values } from "./config/keys.ts";
import { terminalIdentity } from "./terminal-identity.ts";

/** Who the till of a configuration is. */
export interface TillIdentity {
  readonly terminal: string;
  readonly shortId: string;
  readonly store: string;
  readonly currency: string;
}

/** The grant's word where there is one, else the configuration's. @throws SyncError CONFIG_INVALID when they contradict */
export function identityOf(values: Values): TillIdentity {
  const folder = values["Terminal.DataDir"];
  const grant = readGrantText(folder);
  if (grant === undefined) {
    const { "Terminal.ShortId": shortId, "Sync.StoreId": store, "Terminal.Currency": currency } = values;
    return { terminal: values["Terminal.Id"] ?? terminalIdentity(folder), shortId, store, currency };
  }
  const { sub: terminal, shortId, store, currency } = grantSays(grant);
  const given = values["Terminal.Id"];
  if (given === undefined || given === terminal) return { terminal, shortId, store, currency };
  const message = `Terminal.Id is ${given}, and ${folder} was enrolled as terminal ${terminal}: give each terminal a folder of its own.`;
  throw new SyncError("CONFIG_INVALID", message, { field: "Terminal.Id", expected: terminal, got: given });
}

/** What the till shows to the centre: tokens for its own key where it was enrolled with one, else its access key. */
export function credentialOf(values: Values): string | Credential {
  return machineCredential(values["Terminal.DataDir"], centralUrl(values)) ?? values["Terminal.Key"] ?? "none";
}

/** A folder in which a machine becomes a terminal. */
export interface Enrolling {
  readonly folder: string;
  /** Of the database that will be there. */
  readonly file: string;
  readonly publicKey: string;
  /** True while no till was ever started or enrolled here. */
  readonly isFresh: boolean;
}

/** Makes the machine's key, or finds it: enrolling again goes on where it broke off. */
export function beginEnrolling(values: Values): Enrolling {
  const folder = values["Terminal.DataDir"];
  const file = terminalFile(values);
  mkdirSync(folder, { recursive: true });
  const isFresh = !existsSync(file) && readGrantText(folder) === undefined;
  return { folder, file, publicKey: ensureMachineKey(folder).x, isFresh };
}

/** A terminal that goes on from another machine, or begins in another store, needs a folder without a past. @throws SyncError INVALID_INPUT */
export function refuseUsedFolder({ folder, isFresh }: Enrolling): void {
  if (isFresh) return;
  const message = `${folder} has a till in it already: choose an empty folder with --data-dir. What is in that one stays, and can still be delivered.`;
  throw new SyncError("INVALID_INPUT", message, { field: "data-dir", got: folder });
}

/**
 * Keeps what the centre answered. The grant comes last: while it is missing, the machine is not enrolled. The witness of
 * the life that went before makes the till begin another one, whose receipts carry another name.
 */
export function finishEnrolling({ folder, file }: Enrolling, { terminal, parent, grant }: EnrolledMachine): void {
  if (parent !== null && !existsSync(file)) {
    const witness = openWitness(`${file}.witness`);
    witness.write(parent);
    witness.flush();
    witness.close();
  }
  writeFileSync(join(folder, "terminal-id"), `${terminal}\n`);
  keepGrantText(folder, grant);
}
