import { Command } from "commander";
import { backupCommand } from "./commands/backup.ts";
import { backupServerCommand, restoreServerCommand } from "./commands/backup-server.ts";
import { conflictsCommand } from "./commands/conflicts.ts";
import { dayCommand } from "./commands/day.ts";
import { demoCommand } from "./commands/demo.ts";
import { enrollCommand } from "./commands/enroll.ts";
import { exportCommand } from "./commands/export.ts";
import { importCommand, seedCommand } from "./commands/import.ts";
import { kindsCommand } from "./commands/kinds.ts";
import { explainCommand, statusCommand, syncCommand } from "./commands/look.ts";
import { queueCommand } from "./commands/queue.ts";
import { resetCommand } from "./commands/reset.ts";
import { restoreCommand } from "./commands/restore.ts";
import { serverCommand } from "./commands/server.ts";
import { settlementCommand } from "./commands/settlement.ts";
import { shiftCommand } from "./commands/shift.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { tasksCommand } from "./commands/tasks.ts";
import { terminalCommand } from "./commands/terminal.ts";
import { terminalsCommand } from "./commands/terminals.ts";
import { verifyCommand } from "./commands/verify.ts";
import { reportFailure } from "./output.ts";

/** The command `tillsync`: wires terminal, server and their far ends together. Exit code 0 only on success. */
const program = new Command("tillsync")
  .description("Tills keep selling with no internet, and everything sold reaches head office exactly once.")
  .version("0.1.0")
  .showHelpAfterError("(--help shows what there is)")
  .addHelpText("after", "\nExample:\n  tillsync demo");

/** Backups of the central server and of tills have nothing in common but the word: each its own options. */
const isOfServer = process.argv.includes("--server");

for (const add of [
  demoCommand,
  serverCommand,
  terminalCommand,
  terminalsCommand,
  enrollCommand,
  statusCommand,
  syncCommand,
  queueCommand,
  conflictsCommand,
  explainCommand,
  shiftCommand,
  verifyCommand,
  settlementCommand,
  dayCommand,
  kindsCommand,
  tasksCommand,
  importCommand,
  exportCommand,
  seedCommand,
  simulateCommand,
  isOfServer ? backupServerCommand : backupCommand,
  isOfServer ? restoreServerCommand : restoreCommand,
  resetCommand,
]) {
  add(program);
}

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error, { json: process.argv.includes("--json") });
}
