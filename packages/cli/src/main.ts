import { Command } from "commander";
import { commandsFor } from "./commands/every-command.ts";
import { reportFailure } from "./output.ts";

/** The command `tillsync`: wires terminal, server and their far ends together. Exit code 0 only on success. */
const program = new Command("tillsync")
  .description("Tills keep selling with no internet, and everything sold reaches head office exactly once.")
  .version("0.1.0")
  .showHelpAfterError("(--help shows what there is)")
  .addHelpText("after", "\nExample:\n  tillsync demo");

for (const add of await commandsFor(process.argv[2])) add(program);

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error, { json: process.argv.includes("--json") });
}
