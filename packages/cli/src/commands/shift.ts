import type { ClosedShift, Recorded, Shift, ShiftReport, ShiftSummary, TerminalStatus } from "@tillsync/engine";
import { systemIds } from "@tillsync/engine";
import { CASH_MOVES, SyncError } from "@tillsync/protocol";
import { type Command, Option } from "commander";
import { askJson } from "../http-door.ts";
import { outputOf } from "../output.ts";
import { typedAmount, typedCount } from "../shift/amounts.ts";
import { printClosed, printReport, printShifts } from "../shift/print.ts";
import { DEMO_DATA_DIR, type TargetOptions, type TillTarget, tillTargets } from "../targets.ts";
import { wholeNumber } from "./options.ts";

type ShiftOptions = TargetOptions & { readonly json?: boolean; readonly operator?: string; readonly id?: string };

/** `tillsync shift open|close|report|cash|list`: what a cashier does without a screen for it. */
export function shiftCommand(program: Command): void {
  const shift = program
    .command("shift")
    .summary("open, count, close and look at shifts")
    .description(
      "Opens and closes shifts on a running till, moves cash, and shows what a shift holds. Needs no head office.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  tillsync shift open --terminal T01 --operator Amina --float 5000\n  tillsync shift report\n  tillsync shift close --terminal T01 --counted cash=6120.50 --counted mpesa=900",
    );
  openCommand(shift);
  closeCommand(shift);
  reportCommand(shift);
  cashCommand(shift);
  listCommand(shift);
}

function ofTill(command: Command, example: string): Command {
  return command
    .option("--data-dir <folder>", "folder of the demo", DEMO_DATA_DIR)
    .option("--terminal <id>", "the terminal, such as T01")
    .option("--config <file>", "the terminal of this configuration instead of the demo's")
    .option("--json", "the answer as JSON, amounts in minor units")
    .addHelpText("after", `\nExample:\n  tillsync shift ${example}`);
}

function openCommand(shift: Command): void {
  ofTill(shift.command("open"), "open --terminal T01 --operator Amina --float 5000")
    .summary("open a shift; nothing is sold outside one")
    .requiredOption("--operator <name>", "who works in it")
    .option("--float <amount>", "cash in the drawer, in the till's currency")
    .option("--date <date>", "business date such as 2026-01-16; that of the moment when absent")
    .option("--id <localId>", "an id of your own: the same opening again opens nothing twice")
    .action(async (options: ShiftOptions & { float?: string; date?: string }) => {
      const output = outputOf(options);
      const till = await oneTill(options);
      const float = options.float;
      const opening = {
        ...(options.id === undefined ? {} : { localId: options.id }),
        operator: options.operator,
        ...(options.date === undefined ? {} : { businessDate: options.date }),
        ...(float === undefined ? {} : { openingFloatMinor: typedAmount("--float", float, await currencyOf(till)) }),
      };
      const answer = await askJson<{ shift: Shift }>(till.local, "POST", "/api/shifts/open", opening);
      output.value(answer);
      const { localId, operator, businessDate } = answer.shift;
      output.line(`${till.shortId}: shift ${localId} of ${operator} is open, business date ${businessDate}.`);
    });
}

function closeCommand(shift: Command): void {
  ofTill(shift.command("close"), "close --terminal T01 --counted cash=6120.50 --counted mpesa=900")
    .summary("close the open shift, with what was counted")
    .option("--operator <name>", "who closes it")
    .option(
      "--counted <tender=amount>",
      "once for each tender that was counted; USD:cash=5.00 in another currency",
      gather,
      [],
    )
    .option("--id <localId>", "the shift; with it the same closing again is answered as before")
    .action(async (options: ShiftOptions & { counted: readonly string[] }) => {
      const output = outputOf(options);
      const till = await oneTill(options);
      const currency = await currencyOf(till);
      const counted = options.counted.map((text) => typedCount(text, currency));
      const localId = options.id ?? (await currentOf(till)).shift?.localId;
      const closing = {
        ...(localId === undefined ? {} : { localId }),
        ...(options.operator === undefined ? {} : { operator: options.operator }),
        ...(counted.length === 0 ? {} : { counted }),
      };
      const answer = await orAgain(
        askJson<{ shift: Shift; report: ShiftReport; duplicate: boolean }>(
          till.local,
          "POST",
          "/api/shifts/close",
          closing,
        ),
        localId,
      );
      output.value(answer);
      printClosed(output, { ...answer.shift, ...answer } as ClosedShift);
    });
}

function reportCommand(shift: Command): void {
  ofTill(shift.command("report"), "report --terminal T01")
    .summary("the X report: what the open shift holds so far")
    .action(async (options: ShiftOptions) => {
      const output = outputOf(options);
      const answers = [];
      for (const till of await tillTargets(options)) {
        const { shift: open, report } = await currentOf(till);
        answers.push({ terminal: till.shortId, shift: open, report });
        output.line(till.shortId);
        if (open === null || report === null) output.line("  No shift is open.");
        else printReport(output, open, report);
      }
      output.value(answers);
    });
}

function cashCommand(shift: Command): void {
  ofTill(shift.command("cash"), 'cash out 20.00 --terminal T01 --reason "milk for the staff" --operator Amina')
    .summary("record cash put into the drawer or taken out beside sales")
    .argument("<direction>", "in or out")
    .argument("<amount>", "how much, in the till's currency")
    .requiredOption("--reason <text>", "what for")
    .addOption(new Option("--type <type>", "PaidIn or PaidOut when absent").choices(Object.keys(CASH_MOVES)))
    .option("--operator <name>", "who moves it")
    .option("--id <localId>", "an id of your own: the same move again is recorded once")
    .action(async (direction: string, amount: string, options: ShiftOptions & { reason: string; type?: string }) => {
      const output = outputOf(options);
      const till = await oneTill(options);
      const { id: localId = systemIds.next(), reason, type, operator } = options;
      const amountMinor = typedAmount("amount", amount, await currencyOf(till));
      const optional = { ...(type === undefined ? {} : { type }), ...(operator === undefined ? {} : { operator }) };
      const move = { localId, direction, amountMinor, reason, ...optional };
      const answer = await orAgain(askJson<Recorded>(till.local, "POST", "/api/shifts/cash", move), localId);
      output.value(answer);
      const before = answer.duplicate ? "; it was recorded before" : "";
      output.line(`${till.shortId}: cash ${direction} ${amount} recorded as ${localId}${before}.`);
    });
}

function listCommand(shift: Command): void {
  ofTill(shift.command("list"), "list --terminal T01 --limit 5")
    .summary("the till's shifts, newest first")
    .option("--limit <n>", "how many", wholeNumber(1, 1000), 20)
    .action(async (options: ShiftOptions & { limit: number }) => {
      const output = outputOf(options);
      const answers = [];
      for (const till of await tillTargets(options)) {
        const path = `/api/shifts?limit=${options.limit}`;
        const { shifts } = await askJson<{ shifts: ShiftSummary[] }>(till.local, "GET", path);
        answers.push({ terminal: till.shortId, shifts });
        printShifts(output, till.shortId, shifts);
      }
      output.value(answers);
    });
}

/** @throws SyncError INVALID_INPUT when it is not clear which till is meant */
async function oneTill(options: TargetOptions): Promise<TillTarget> {
  const [till, ...others] = await tillTargets(options);
  if (till !== undefined && others.length === 0) return till;
  const expected = [till, ...others].map((each) => each?.shortId).join(" or ");
  throw new SyncError("INVALID_INPUT", `--terminal must say which till: ${expected}.`, {
    field: "--terminal",
    expected,
  });
}

function currentOf(till: TillTarget): Promise<{ shift: Shift | null; report: ShiftReport | null }> {
  return askJson(till.local, "GET", "/api/shifts/current");
}

async function currencyOf(till: TillTarget): Promise<string> {
  return (await askJson<TerminalStatus>(till.local, "GET", "/api/status")).currency;
}

/** Whoever does not know whether it was recorded has to be able to ask again for the same thing. */
async function orAgain<T>(answer: Promise<T>, localId: string | undefined): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof SyncError && error.retryable) || localId === undefined) throw error;
    const message = `${error.message} Run it again with --id ${localId}: it is then done once.`;
    throw new SyncError(error.code, message, error.details, error);
  }
}

function gather(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}
