import { SyncError } from "@tillsync/protocol";
import type { ActPage, ChangedAccess, MachineAccess, Renamed, Retirement, TerminalView } from "@tillsync/server";
import type { Command } from "commander";
import { askJson, type Door } from "../http-door.ts";
import { type Output, outputOf, table } from "../output.ts";
import { adminDoor, DEMO_DATA_DIR } from "../targets.ts";
import { act } from "./enroll-here.ts";
import { wholeNumber } from "./options.ts";

interface TerminalsOptions {
  readonly dataDir: string;
  readonly centre?: string;
  readonly key?: string;
  readonly json?: boolean;
}
interface ActOptions extends TerminalsOptions {
  readonly reason: string;
  readonly actor?: string;
}

const ACCESS_VERBS = [
  ["revoke", "revoked", "end a machine: within 30 seconds it can do nothing more; what it holds stays on it"],
  ["drain", "draining", "let a machine deliver what it holds, and nothing else: also one that was revoked"],
  ["resume", "active", "let the newest machine of a terminal do everything again"],
] as const satisfies readonly (readonly [string, MachineAccess, string])[];

export function terminalsCommand(program: Command): void {
  const terminals = program
    .command("terminals")
    .summary("tills of the store and the machines that speak for them: list, rename, retire, revoke, drain");
  const verb = (name: string, summary: string) =>
    terminals
      .command(name)
      .summary(summary)
      .description(summary)
      .option("--data-dir <folder>", "folder of the demo, whose key is used", DEMO_DATA_DIR)
      .option("--centre <url>", "head office's server instead of the demo's")
      .option("--key <key>", "a key of role admin for it (default: environment TILLSYNC_ADMIN_KEY)")
      .option("--json", "the result as JSON");
  const acting = (name: string, summary: string) =>
    verb(name, summary)
      .argument("<terminal>", "its short id, such as T01")
      .requiredOption("--reason <text>", "why")
      .option("--actor <name>", "who does it (default: whoever the key was made for)");
  verb("list", "the tills of the store, their machines, and what is still on each")
    .addHelpText("after", "\nExample:\n  tillsync terminals list")
    .action(list);
  verb("acts", "what head office did with terminals and keys, newest first")
    .option("--after <id>", "only those before this one", wholeNumber(1))
    .addHelpText("after", "\nExample:\n  tillsync terminals acts --json")
    .action(listActs);
  acting("rename", "call a terminal otherwise, on receipts from its next start on")
    .requiredOption("--to <id>", "the new short id; nobody in the store may have had it")
    .addHelpText("after", '\nExample:\n  tillsync terminals rename T01 --to T05 --reason "now by the door"')
    .action(rename);
  acting("retire", "end a terminal once it has delivered everything; until then say what is on it")
    .option("--anyway", "end it at once, and note what it held: that stays on its machine")
    .addHelpText("after", '\nExample:\n  tillsync terminals retire T01 --reason "shop closed"')
    .action(retire);
  for (const [name, access, summary] of ACCESS_VERBS) {
    acting(name, summary)
      .option("--machine <number>", "which of its machines, as the list has it (default: the newest)", wholeNumber(1))
      .addHelpText("after", `\nExample:\n  tillsync terminals ${name} T01 --reason "found again"`)
      .action((shortId: string, options: ActOptions & { machine?: number }) => change(shortId, access, options));
  }
}

function doorOf(options: TerminalsOptions): Door {
  const door = adminDoor(options);
  if (door !== undefined) return door;
  const message = "No admin key: give --centre and --key, or --data-dir of a demo.";
  throw new SyncError("CONFIG_INVALID", message, { field: "key" });
}

function byOf({ reason, actor }: ActOptions) {
  return { reason, ...(actor === undefined ? {} : { actor }) };
}

async function list(options: TerminalsOptions): Promise<void> {
  const output = outputOf(options);
  const answer = await askJson<{ terminals: TerminalView[] }>(doorOf(options), "GET", "/api/admin/terminals");
  output.value(answer);
  if (answer.terminals.length === 0) return output.line("The store has no tills yet.");
  const rows = answer.terminals.map(({ shortId, kind, retiredAt, machines, keys, left }) => {
    const spoken = machines.map(({ machine, name, access }) => `${machine} ${name} (${access})`);
    if (keys > 0) spoken.push(`${keys} access keys`);
    const shifts = left.openShifts + left.unsettledShifts;
    return [
      ...[shortId, retiredAt === null ? kind : "retired", spoken.join("; ") || "-"],
      ...[String(left.changes), String(shifts), left.lastSeenAt ?? "never"],
    ];
  });
  output.line(table([["till", "kind", "machines", "to come", "shifts not settled", "last seen"], ...rows]));
}

async function listActs({ after, ...options }: TerminalsOptions & { after?: number }): Promise<void> {
  const output = outputOf(options);
  const query = after === undefined ? "" : `?after=${after}`;
  const page = await askJson<ActPage>(doorOf(options), "GET", `/api/admin/acts${query}`);
  output.value(page);
  const rows = page.acts.map((one) => [one.at, one.act, one.terminal ?? "-", one.actor, one.reason ?? ""]);
  output.line(rows.length === 0 ? "Nothing was done yet." : table([["at", "what", "terminal", "by", "why"], ...rows]));
  if (page.next !== null) output.line(`  ... and more: --after ${page.next}`);
}

async function rename(shortId: string, options: ActOptions & { to: string }): Promise<void> {
  const output = outputOf(options);
  const body = { shortId: options.to, ...byOf(options) };
  const renamed = await act<Renamed>(doorOf(options), shortId, "rename", body);
  output.value(renamed);
  output.line(
    `${renamed.before} is ${renamed.shortId} now. It hears of it within 15 minutes, and prints the new name from its next start on.`,
  );
}

async function retire(shortId: string, options: ActOptions & { anyway?: boolean }): Promise<void> {
  const output = outputOf(options);
  const body = { anyway: options.anyway ?? false, ...byOf(options) };
  const done = await act<Retirement>(doorOf(options), shortId, "retire", body);
  output.value(done);
  if (done.state === "retired") return output.line(`${shortId} is retired. ${leftOf(done)}`);
  // What was asked for is not done yet.
  process.exitCode = 1;
  output.line(`${shortId} only delivers from now on, and is not retired yet. ${leftOf(done)}`);
  if (done.olderMachines > 0)
    output.line(`${done.olderMachines} machines that were replaced may still deliver: revoke each when it has.`);
  output.line("Close its shift, let it run until nothing is left, then do this again; --anyway ends it as it is.");
}

function leftOf({ left: { changes, openShifts, unsettledShifts, damaged, lastSeenAt } }: Retirement): string {
  if (lastSeenAt === null) return "It never called, so nobody knows what is on it.";
  const shifts = `${openShifts} shifts open, ${unsettledShifts} closed and not settled`;
  const mend = damaged === 0 ? "" : `, ${damaged} changes to mend`;
  return `Still to come from it: ${changes} changes, ${shifts}${mend}; it last called at ${lastSeenAt}.`;
}

async function change(
  shortId: string,
  access: MachineAccess,
  options: ActOptions & { machine?: number },
): Promise<void> {
  const output: Output = outputOf(options);
  const machine = options.machine === undefined ? {} : { machine: options.machine };
  const changed = await act<ChangedAccess>(doorOf(options), shortId, "access", {
    access,
    ...machine,
    ...byOf(options),
  });
  output.value(changed);
  output.line(
    `Machine ${changed.machine} of ${shortId}: ${changed.access}, was ${changed.before}. Servers notice within 30 seconds.`,
  );
}
