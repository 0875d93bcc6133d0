import { formatMinor, SyncError } from "@tillsync/protocol";
import type { Task } from "@tillsync/server";
import type { Command } from "commander";
import { askJson } from "../http-door.ts";
import { outputOf, table } from "../output.ts";
import { adminDoor, DEMO_DATA_DIR } from "../targets.ts";

interface TaskOptions {
  readonly dataDir: string;
  readonly centre?: string;
  readonly key?: string;
  readonly json?: boolean;
}

export function tasksCommand(program: Command): void {
  const tasks = program
    .command("tasks")
    .summary("what people have to settle: orders paid twice, refunds above a sale, copied tills, numbers given twice");
  const verb = (name: string, summary: string) =>
    tasks
      .command(name)
      .summary(summary)
      .option("--data-dir <folder>", "folder of the demo, whose key is used", DEMO_DATA_DIR)
      .option("--centre <url>", "head office's server instead of the demo's")
      .option("--key <key>", "a key of role admin for it (default: environment TILLSYNC_ADMIN_KEY)")
      .option("--json", "as JSON");
  verb("list", "what is open, newest first")
    .option("--resolved", "what is settled instead")
    .addHelpText("after", "\nExample:\n  tillsync tasks list")
    .action((options: TaskOptions & { resolved?: boolean }) => list(options));
  verb("resolve", "note that one is settled, and how")
    .argument("<kind>", "paid-twice, paid-after-end, refund-exceeds, till-parted or receipt-twice")
    .argument("<subject>", "the order, life or receipt number, as the list has it")
    .requiredOption("--reason <text>", "how it was settled")
    .option("--actor <name>", "who settled it (default: whoever the key was made for)")
    .addHelpText("after", '\nExample:\n  tillsync tasks resolve paid-twice table-7 --reason "paid back to the card"')
    .action((kind: string, subject: string, options: TaskOptions & { reason: string; actor?: string }) =>
      resolve(kind, subject, options),
    );
}

function doorOf(options: TaskOptions) {
  const door = adminDoor(options);
  if (door !== undefined) return door;
  const message = "No admin key: give --centre and --key, or --data-dir of a demo.";
  throw new SyncError("CONFIG_INVALID", message, { field: "key" });
}

async function list(options: TaskOptions & { resolved?: boolean }): Promise<void> {
  const output = outputOf(options);
  const state = options.resolved === true ? "resolved" : "open";
  const answer = await askJson<{ tasks: Task[] }>(doorOf(options), "GET", `/api/admin/tasks?state=${state}`);
  output.value(answer);
  if (answer.tasks.length === 0)
    return output.line(state === "open" ? "Nothing to settle." : "Nothing was settled yet.");
  const rows = answer.tasks.map((task) => [task.createdAt, task.kind, task.subject, whatOf(task), task.reason ?? ""]);
  output.line(table([["found", "kind", "about", "what", "settled"], ...rows]));
}

interface Evidence {
  readonly currency?: string;
  readonly totalMinor?: number;
  readonly refundedMinor?: number;
  readonly shortId?: string;
  readonly parted?: { readonly seq: number | null };
  readonly kept?: { readonly ordinal: number | null; readonly goesOn: boolean };
  readonly began?: { readonly ordinal: number };
  readonly receipts?: readonly { readonly localId?: string; readonly receiptNumber?: string | null }[];
}

/** What the list can say of a task in a few words; `--json` has all of it. */
function whatOf({ evidence }: Task): string {
  const { shortId, parted, kept, began, receipts = [], ...refund } = evidence as Evidence;
  if (began !== undefined) {
    const other =
      kept?.goesOn === true ? `another copy goes on in life ${kept.ordinal}` : `life ${kept?.ordinal ?? "?"} ended`;
    return `${shortId}: parted behind change ${parted?.seq ?? "?"}, began life ${began.ordinal}; ${other}`;
  }
  const { currency, totalMinor, refundedMinor } = refund;
  if (currency !== undefined && totalMinor !== undefined && refundedMinor !== undefined)
    return `${formatMinor(refundedMinor, currency)} ${currency} given back of ${formatMinor(totalMinor, currency)}`;
  return receipts.map(({ localId, receiptNumber }) => localId ?? receiptNumber ?? "").join(", ");
}

async function resolve(
  kind: string,
  subject: string,
  options: TaskOptions & { reason: string; actor?: string },
): Promise<void> {
  const output = outputOf(options);
  const { reason, actor } = options;
  const body = { reason, ...(actor === undefined ? {} : { actor }) };
  const path = `/api/admin/tasks/${encodeURIComponent(kind)}/${encodeURIComponent(subject)}/resolve`;
  const task = await askJson<Task>(doorOf(options), "POST", path, body);
  output.value(task);
  output.line(`${task.kind} of ${task.subject} was settled by ${task.resolvedBy}: ${task.reason}`);
}
