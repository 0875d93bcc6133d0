import { SyncError } from "@tillsync/protocol";
import type { EnrolledMachine, TerminalView } from "@tillsync/server";
import type { Values } from "../config/keys.ts";
import { askJson, type Door } from "../http-door.ts";
import { beginEnrolling, type Enrolling, finishEnrolling, refuseUsedFolder } from "../machine.ts";
import { adminDoor, DEMO_DATA_DIR } from "../targets.ts";
import { terminalIdentity } from "../terminal-identity.ts";

export interface HereOptions {
  readonly centre: string;
  readonly key?: string;
  readonly name: string;
  readonly shortId?: string;
  readonly kind?: string;
  readonly replace?: string;
  readonly move?: string;
  readonly toStore?: string;
  readonly oldMachine?: string;
  readonly atOnce?: boolean;
  readonly reason?: string;
  readonly actor?: string;
}

/**
 * Enrols this machine: the key is made here and stays here, the centre signs what it is for.
 *
 * @throws SyncError as the centre refuses; INVALID_INPUT, CONFIG_INVALID, UNREACHABLE
 */
export async function enrollHere(options: HereOptions, values: Values): Promise<EnrolledMachine> {
  const { centre, key } = options;
  const door = adminDoor({ dataDir: DEMO_DATA_DIR, centre, key });
  if (door === undefined) {
    const message = "Enrolling takes a key of role admin: --key, or TILLSYNC_ADMIN_KEY in the environment.";
    throw new SyncError("CONFIG_INVALID", message, { field: "key" });
  }
  const here = beginEnrolling(values);
  const answer = await askCentre(door, here, options, values);
  finishEnrolling(here, answer);
  return answer;
}

function askCentre(door: Door, here: Enrolling, options: HereOptions, values: Values): Promise<EnrolledMachine> {
  const { name, replace, move, reason, actor } = options;
  const { publicKey } = here;
  const by = { ...(reason === undefined ? {} : { reason }), ...(actor === undefined ? {} : { actor }) };
  if (replace !== undefined) {
    refuseUsedFolder(here);
    const oldMachines = options.oldMachine ?? "draining";
    return act(door, replace, "replace", { publicKey, name, oldMachines, ...by });
  }
  const id = values["Terminal.Id"] ?? terminalIdentity(here.folder);
  const kind = options.kind === undefined ? {} : { kind: options.kind };
  const wanted = { id, shortId: needed(options.shortId, "--short-id"), ...kind, publicKey, name, ...by };
  if (move === undefined) return askJson(door, "POST", "/api/admin/terminals", wanted);
  refuseUsedFolder(here);
  const atOnce = options.atOnce ?? false;
  return act(door, move, "move", { ...wanted, store: needed(options.toStore, "--to-store"), atOnce });
}

/** Does something with a terminal that a person calls by its short id. @throws SyncError NOT_FOUND */
export async function act<T>(door: Door, shortId: string, what: string, body: object): Promise<T> {
  const { terminals } = await askJson<{ terminals: TerminalView[] }>(door, "GET", "/api/admin/terminals");
  const found = terminals.find((one) => one.shortId === shortId);
  if (found !== undefined) return askJson(door, "POST", `/api/admin/terminals/${found.terminal}/${what}`, body);
  const known = terminals.map((one) => one.shortId).join(", ") || "none";
  throw new SyncError("NOT_FOUND", `The store has no terminal ${shortId}; it has ${known}.`, { got: shortId });
}

function needed(value: string | undefined, flag: string): string {
  if (value !== undefined) return value;
  throw new SyncError("INVALID_INPUT", `Say ${flag} as well.`, { field: flag });
}
