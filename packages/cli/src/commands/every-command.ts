import type { Command } from "commander";

/** Adds one command to the program. */
export type AddCommand = (program: Command) => void;

/** Backups of the central server and of tills have nothing in common but the word: each its own options. */
const isOfServer = process.argv.includes("--server");

/**
 * Every command by its name, each loaded when it is asked for: a till has nothing to do with the central server's libraries,
 * and is back sooner after a crash when it does not read them.
 */
export const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  demo: async () => (await import("./demo.ts")).demoCommand,
  server: async () => (await import("./server.ts")).serverCommand,
  terminal: async () => (await import("./terminal.ts")).terminalCommand,
  terminals: async () => (await import("./terminals.ts")).terminalsCommand,
  enroll: async () => (await import("./enroll.ts")).enrollCommand,
  status: async () => (await import("./look.ts")).statusCommand,
  sync: async () => (await import("./look.ts")).syncCommand,
  queue: async () => (await import("./queue.ts")).queueCommand,
  conflicts: async () => (await import("./conflicts.ts")).conflictsCommand,
  explain: async () => (await import("./look.ts")).explainCommand,
  shift: async () => (await import("./shift.ts")).shiftCommand,
  verify: async () => (await import("./verify.ts")).verifyCommand,
  settlement: async () => (await import("./settlement.ts")).settlementCommand,
  day: async () => (await import("./day.ts")).dayCommand,
  kinds: async () => (await import("./kinds.ts")).kindsCommand,
  tasks: async () => (await import("./tasks.ts")).tasksCommand,
  import: async () => (await import("./import.ts")).importCommand,
  export: async () => (await import("./export.ts")).exportCommand,
  seed: async () => (await import("./import.ts")).seedCommand,
  simulate: async () => (await import("./simulate.ts")).simulateCommand,
  backup: async () =>
    isOfServer ? (await import("./backup-server.ts")).backupServerCommand : (await import("./backup.ts")).backupCommand,
  restore: async () =>
    isOfServer
      ? (await import("./backup-server.ts")).restoreServerCommand
      : (await import("./restore.ts")).restoreCommand,
  reset: async () => (await import("./reset.ts")).resetCommand,
};

/** The command of that name alone; all of them for anything else, which is help or a mistake. */
export async function commandsFor(name: string | undefined): Promise<AddCommand[]> {
  const asked = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return Promise.all((asked === undefined ? Object.values(COMMANDS) : [asked]).map((load) => load()));
}
