import { spawnSync } from "node:child_process";
import { chownSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * How PostgreSQL's programs are started. PostgreSQL refuses to run as root, so root has to become someone else first.
 *
 * - `plain`: an ordinary user; nothing to do.
 * - `namespace`: root, through `unshare`: inside, root's own files look like those of user 1000, so it works below a
 *   folder that only root can enter, and no second user is needed.
 * - `user`: root, where namespaces are refused (most containers) or the files already belong to someone: as that user.
 */
export type Launcher =
  | { readonly kind: "plain" }
  | { readonly kind: "namespace"; readonly command: readonly string[] }
  | { readonly kind: "user"; readonly uid: number; readonly gid: number };

const UNSHARE = ["unshare", "--user", "--map-user=1000", "--map-group=1000"];
const NOBODY = { uid: 65534, gid: 65534 };

/** Chooses for the cluster in `clusterDir`, whose owner, once it exists, decides. */
export function chooseLauncher(clusterDir: string, unshare: readonly string[] = UNSHARE): Launcher {
  if (process.geteuid?.() !== 0) return { kind: "plain" };
  const owner = lstatSync(clusterDir, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { kind: "user", uid: owner.uid, gid: owner.gid };
  if (namespaceWorks(unshare)) return { kind: "namespace", command: unshare };
  return { kind: "user", ...(accountNamed("postgres") ?? NOBODY) };
}

/** Program, arguments and `spawn` options that start `program` under this launcher. */
export function launch(launcher: Launcher, program: string, args: readonly string[]) {
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  if (launcher.kind === "user") {
    return { program, args: [...args], options: { env, cwd: "/", uid: launcher.uid, gid: launcher.gid } };
  }
  if (launcher.kind === "plain") return { program, args: [...args], options: { env } };
  const [command, ...before] = launcher.command;
  if (command === undefined) throw new Error("the namespace launcher has no command");
  return { program: command, args: [...before, program, ...args], options: { env } };
}

/** Gives what root made in `folder` (not what is below its folders) to the user who will run there. */
export function handFilesTo(launcher: Launcher, folder: string): void {
  if (launcher.kind !== "user") return;
  for (const path of [folder, ...readdirSync(folder).map((name) => join(folder, name))]) {
    if (lstatSync(path).uid === 0) chownSync(path, launcher.uid, launcher.gid);
  }
}

/** For error messages: who runs it, and what to do when that one is locked out. */
export function describeLauncher(launcher: Launcher): string {
  if (launcher.kind === "plain") return "as the present user";
  if (launcher.kind === "namespace") return "in a user namespace of root";
  return (
    `as user ${launcher.uid}, because PostgreSQL refuses to run as root and this system gives root no user namespace ` +
    "(that user must be able to enter the folders of Tillsync and of the data; or start Tillsync as an ordinary user)"
  );
}

function namespaceWorks(unshare: readonly string[]): boolean {
  const [command, ...args] = unshare;
  return command !== undefined && spawnSync(command, [...args, "true"], { stdio: "ignore" }).status === 0;
}

function accountNamed(name: string): { uid: number; gid: number } | undefined {
  let accounts: string;
  try {
    accounts = readFileSync("/etc/passwd", "utf8");
  } catch {
    return undefined;
  }
  const [, , uid, gid] =
    accounts
      .split("\n")
      .find((line) => line.startsWith(`${name}:`))
      ?.split(":") ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}
