import { startEtimsSimulator } from "@tillsync/connectors/etims/simulator";
import { startMpesaSimulator } from "@tillsync/connectors/mpesa/simulator";
import type { Command } from "commander";
import { outputOf } from "../output.ts";
import { portNumber, wholeNumber } from "./options.ts";
import { untilStopped } from "./until-stopped.ts";

const SERVICES = {
  etims: { title: "KRA eTIMS", port: 8091, start: startEtimsSimulator },
  mpesa: { title: "M-Pesa", port: 8092, start: startMpesaSimulator },
} as const;

interface Options {
  readonly port: number;
  readonly seed: number;
  readonly state?: string;
  readonly json?: boolean;
}

export function simulateCommand(program: Command): void {
  const simulate = program
    .command("simulate")
    .description("Runs a simulated service, faults included, with a page and a control API. Nothing in it is real.")
    .addHelpText("after", "\nExample:\n  tillsync simulate etims");
  for (const [name, { title, port, start }] of Object.entries(SERVICES)) {
    simulate
      .command(name)
      .description(`Runs a simulated ${title} on this machine; docs/simulators.md says what it can do.`)
      .option("--port <number>", "where it listens, on 127.0.0.1", portNumber, port)
      .option("--seed <number>", "what its chance begins with", wholeNumber(0, 2 ** 32 - 1), 1)
      .option("--state <file>", "keeps what it holds in this file, and goes on from it")
      .option("--json", "one JSON line when it serves, on standard output")
      .addHelpText("after", `\nExample:\n  tillsync simulate ${name} --port ${port} --state ${name}.json`)
      .action(async ({ port: wanted, seed, state: stateFile, ...options }: Options) => {
        const { url, close } = await start({ port: wanted, seed, stateFile });
        await untilStopped(outputOf(options), { url, what: `Simulated ${title}`, close });
      });
  }
}
