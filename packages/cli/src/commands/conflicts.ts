import { SyncError } from "@tillsync/protocol";
import type { ConflictPage, ConflictRecord } from "@tillsync/server";
import { type Command, Option } from "commander";
import { askJson, type Door } from "../http-door.ts";
import { type Output, outputOf, table } from "../output.ts";
import { adminDoor, DEMO_DATA_DIR } from "../targets.ts";
import { wholeNumber } from "./options.ts";

interface ConflictOptions {
  readonly dataDir: string;
  readonly centre?: string;
  readonly key?: string;
  readonly json?: boolean;
}
interface ListOptions extends ConflictOptions {
  readonly state?: "open" | "resolved" | "all";
  readonly limit: number;
  readonly after?: number;
}
interface ResolveOptions extends ConflictOptions {
  readonly keep: "mine" | "theirs" | "merge";
  readonly fields?: string;
  readonly actor?: string;
  readonly reason: string;
}
type Both = ConflictRecord & { readonly localData: unknown; readonly remoteData: unknown };

export function conflictsCommand(program: Command): void {
  const conflicts = program.command("conflicts").summary("what lost to another version: list, look at both, decide");
  const verb = (name: string, summary: string) =>
    conflicts
      .command(name)
      .summary(summary)
      .description(summary)
      .option("--data-dir <folder>", "folder of the demo, whose key is used", DEMO_DATA_DIR)
      .option("--centre <url>", "head office's server instead of the demo's")
      .option("--key <key>", "a key of role admin for it (default: environment TILLSYNC_ADMIN_KEY)")
      .option("--json", "the result as JSON");
  verb("list", "conflicts of the store, newest first")
    .addOption(new Option("--state <state>", "which").choices(["open", "resolved", "all"]).default("open"))
    .option("--limit <number>", "at most so many, up to 200", wholeNumber(1, 200), 50)
    .option("--after <id>", "only those before this one", wholeNumber(1))
    .addHelpText("after", "\nExample:\n  tillsync conflicts list --state all")
    .action(list);
  verb("show", "one conflict with both versions")
    .argument("<id>", "the conflict", wholeNumber(1))
    .addHelpText("after", "\nExample:\n  tillsync conflicts show 17")
    .action(async (id: number, options: ConflictOptions) => {
      const output = outputOf(options);
      const both = await askJson<Both>(doorOf(options), "GET", `/api/conflicts/${id}`);
      output.value(both);
      show(output, both);
    });
  verb("resolve", "say which version is right, once; what had lost comes back as a new version")
    .argument("<id>", "the conflict", wholeNumber(1))
    .addOption(
      new Option(
        "--keep <version>",
        "mine: the one that had lost; theirs: the one that stands; merge: --fields of mine",
      )
        .choices(["mine", "theirs", "merge"])
        .makeOptionMandatory(),
    )
    .option("--fields <names>", "with --keep merge: fields of the version that had lost, such as phone,email")
    .option("--actor <name>", "who decides it (default: whoever the key was made for)")
    .requiredOption("--reason <text>", "why")
    .addHelpText("after", '\nExample:\n  tillsync conflicts resolve 17 --keep mine --reason "phoned her"')
    .action(resolve);
}

async function list({ state = "open", limit, after, ...options }: ListOptions): Promise<void> {
  const output = outputOf(options);
  const query = new URLSearchParams({ limit: String(limit) });
  if (state !== "all") query.set("state", state);
  if (after !== undefined) query.set("after", String(after));
  const page = await askJson<ConflictPage>(doorOf(options), "GET", `/api/conflicts?${query}`);
  output.value(page);
  const head = ["id", "what", "which", "why", "decided", "lost", "stands", "found"];
  const rows = page.conflicts.map((one) => [
    String(one.id),
    one.entityType,
    one.entityId,
    one.conflictType,
    one.resolution,
    nameOf(one.local),
    nameOf(one.remote),
    one.createdAt,
  ]);
  output.line(rows.length === 0 ? "no conflicts" : table([head, ...rows], [0]));
  if (page.next !== null) output.line(`  ... and more: --after ${page.next}`);
  output.line(`${page.open} open; nothing waits for them`);
}

async function resolve(id: number, options: ResolveOptions): Promise<void> {
  const output = outputOf(options);
  const { keep, fields, actor, reason } = options;
  const named = fields === undefined ? {} : { fields: fields.split(",").map((field) => field.trim()) };
  const body = { keep, reason, ...named, ...(actor === undefined ? {} : { actor }) };
  const record = await askJson<ConflictRecord>(doorOf(options), "POST", `/api/conflicts/${id}/resolve`, body);
  output.value(record);
  output.line(`conflict ${id}: ${record.resolution} by ${record.resolvedByUserId}`);
}

function doorOf(options: ConflictOptions): Door {
  const door = adminDoor(options);
  if (door !== undefined) return door;
  const message = "No admin key: give --centre and --key, or --data-dir of a demo.";
  throw new SyncError("CONFIG_INVALID", message, { field: "key" });
}

/** Both sides, field by field; those that are equal are left out. */
function show(output: Output, both: Both): void {
  const { id, entityType, entityId, conflictType, local, remote, history } = both;
  output.line(`\nconflict ${id}: ${entityType} ${entityId}, ${conflictType}`);
  const [mine, theirs] = [fieldsOf(both.localData), fieldsOf(both.remoteData)];
  const names = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])];
  const differing = names.filter((name) => textOf(mine[name]) !== textOf(theirs[name]));
  const rows = differing.map((name) => [name, textOf(mine[name]), textOf(theirs[name])]);
  output.line(table([["field", `lost (${nameOf(local)})`, `stands (${nameOf(remote)})`], ...rows]));
  for (const { at, what, by, reason } of history)
    output.line(`  ${at}  ${what} by ${by}${reason ? `: ${reason}` : ""}`);
}

function nameOf(side: ConflictRecord["local"]): string {
  return side === null ? "head office" : (side.shortId ?? "another store");
}

function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  return data !== null && typeof data === "object" ? (data as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? "-" : typeof value === "string" ? value : JSON.stringify(value);
}
