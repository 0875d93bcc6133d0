import type { History, QueuePage } from "@tillsync/engine";
import type { Command } from "commander";
import { askJson } from "../http-door.ts";
import { type Output, outputOf, table } from "../output.ts";
import { type TargetOptions, type TillTarget, tillTargets } from "../targets.ts";
import { looking } from "./look.ts";

interface QueueOptions extends TargetOptions {
  readonly type?: string;
  readonly status?: string;
  readonly limit?: string;
  readonly history?: boolean;
  readonly json?: boolean;
}

export function queueCommand(program: Command): void {
  looking(program, "queue")
    .summary("what waits, what needs a person, and what was tried")
    .option("--type <type>", "only CentralSync, EtimsInvoice, MpesaVerify or CloudBackup")
    .option("--status <status>", "only Pending, Processing, Completed or Failed")
    .option("--limit <number>", "at most so many of each till", "50")
    .option("--history", "the attempts to reach head office instead, newest first")
    .addHelpText("after", "\nExamples:\n  tillsync queue --status Failed\n  tillsync queue --history --terminal T01")
    .action(async (options: QueueOptions) => {
      const output = outputOf(options);
      const show = options.history ? showHistory : showQueue;
      const all = [];
      for (const till of await tillTargets(options)) {
        const page = await show(output, till, options);
        all.push({ shortId: till.shortId, ...page });
      }
      output.value(all);
    });
}

async function showQueue(output: Output, till: TillTarget, options: QueueOptions): Promise<QueuePage> {
  const page = await askJson<QueuePage>(till.local, "GET", `/api/queue?${query(options, ["type", "status", "limit"])}`);
  const rows = page.items.map((item) => [
    item.status,
    item.entityType,
    item.receiptNumber ?? item.entityId,
    String(item.retryCount),
    item.createdAt,
    item.nextAttemptTime ?? "-",
    item.lastError ?? "",
  ]);
  const head = ["status", "what", "which", "retries", "recorded", "next attempt", "last error"];
  return told(output, till, page, table([head, ...rows], [3]), rows.length);
}

async function showHistory(output: Output, till: TillTarget, options: QueueOptions): Promise<History> {
  const page = await askJson<History>(till.local, "GET", `/api/sync/history?${query(options, ["limit"])}`);
  const rows = page.attempts.map((attempt) => [
    attempt.at,
    attempt.outcome,
    attempt.entityType,
    `${attempt.sent} of ${attempt.changes}`,
    String(Math.round(attempt.durationMs)),
    attempt.errorMessage ?? "",
  ]);
  const head = ["when", "how", "what", "sent", "ms", "error"];
  return told(output, till, page, table([head, ...rows], [4]), rows.length);
}

function told<T extends { readonly next: string | null }>(
  output: Output,
  { shortId }: TillTarget,
  page: T,
  lines: string,
  count: number,
): T {
  output.line(count === 0 ? `${shortId}: nothing` : `${shortId}:\n${lines}`);
  if (page.next !== null) output.line("  ... and more; --limit shows up to 500");
  return page;
}

function query(options: QueueOptions, names: readonly ("type" | "status" | "limit")[]): string {
  const parameters = new URLSearchParams();
  for (const name of names) {
    const value = options[name];
    if (value !== undefined) parameters.set(name, value);
  }
  return parameters.toString();
}
