import { SyncError } from "@tillsync/protocol";
import type { TerminalOfKind } from "@tillsync/server";
import type { Command } from "commander";
import { askJson } from "../http-door.ts";
import { outputOf, table } from "../output.ts";
import { adminDoor, DEMO_DATA_DIR } from "../targets.ts";

interface KindOptions {
  readonly dataDir: string;
  readonly centre?: string;
  readonly key?: string;
  readonly json?: boolean;
}

export function kindsCommand(program: Command): void {
  const kinds = program
    .command("kinds")
    .summary("kinds of terminals: which modules each is offered, and what it is told of others");
  const verb = (name: string, summary: string) =>
    kinds
      .command(name)
      .summary(summary)
      .option("--data-dir <folder>", "folder of the demo, whose key is used", DEMO_DATA_DIR)
      .option("--centre <url>", "head office's server instead of the demo's")
      .option("--key <key>", "a key of role admin for it (default: environment TILLSYNC_ADMIN_KEY)")
      .option("--json", "as JSON");
  verb("list", "the terminals of the store with their kinds")
    .addHelpText("after", "\nExample:\n  tillsync kinds list")
    .action((options: KindOptions) => list(options));
  verb("set", "make a terminal one of another kind")
    .argument("<terminal>", "its short id, or its UUID")
    .argument("<kind>", "retail, restaurant, kitchen-display, customer-display or one of your own")
    .addHelpText("after", "\nExample:\n  tillsync kinds set T03 kitchen-display")
    .action((terminal: string, kind: string, options: KindOptions) => set(terminal, kind, options));
}

function doorOf(options: KindOptions) {
  const door = adminDoor(options);
  if (door !== undefined) return door;
  const message = "No admin key: give --centre and --key, or --data-dir of a demo.";
  throw new SyncError("CONFIG_INVALID", message, { field: "key" });
}

async function terminalsOf(options: KindOptions): Promise<readonly TerminalOfKind[]> {
  const { terminals } = await askJson<{ terminals: TerminalOfKind[] }>(doorOf(options), "GET", "/api/admin/kinds");
  return terminals;
}

async function list(options: KindOptions): Promise<void> {
  const output = outputOf(options);
  const terminals = await terminalsOf(options);
  output.value({ terminals });
  if (terminals.length === 0) return output.line("This store has no terminals yet.");
  const rows = terminals.map(({ shortId, kind, feed, modules }) => [shortId, kind, feed, modules.join(", ")]);
  output.line(table([["terminal", "kind", "told of others", "modules"], ...rows]));
}

async function set(which: string, kind: string, options: KindOptions): Promise<void> {
  const output = outputOf(options);
  const found = (await terminalsOf(options)).find(({ terminal, shortId }) => [terminal, shortId].includes(which));
  if (found === undefined) {
    const message = `This store has no terminal ${which}; tillsync kinds list names them.`;
    throw new SyncError("NOT_FOUND", message, { field: "terminal", got: which });
  }
  const path = `/api/admin/terminals/${found.terminal}/kind`;
  const now = await askJson<TerminalOfKind>(doorOf(options), "PUT", path, { kind });
  output.value(now);
  output.line(`${now.shortId} is of kind ${now.kind}: told ${now.feed}, modules ${now.modules.join(", ")}.`);
}
