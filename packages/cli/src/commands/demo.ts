import { createInterface } from "node:readline";
import { formatMinor } from "@tillsync/protocol";
import type { Command } from "commander";
import { type Replayed, replay } from "../demo/replay.ts";
import { type Demo, startDemo } from "../demo/run.ts";
import { readDocuments } from "../import/read-documents.ts";
import { openSource } from "../import/source-file.ts";
import { type Output, outputOf, table } from "../output.ts";
import { DEMO_DATA_DIR } from "../targets.ts";
import { printVerification } from "../verify/print.ts";
import { portNumber, wholeNumber } from "./options.ts";

/** Each is a process of some 80 MB, and its port has to follow the first one's. */
const MAX_TERMINALS = 50;

interface Options {
  readonly dataDir: string;
  readonly port: number;
  readonly terminalPort: number;
  readonly terminals: number;
  readonly replay?: string;
  readonly mapping?: string;
  readonly offlineEvery: number;
  readonly killEvery: number;
  readonly exit?: boolean;
  readonly json?: boolean;
}

export function demoCommand(program: Command): void {
  program
    .command("demo")
    .summary("a head office and a shop with two tills on this machine")
    .description(
      "Runs the central server on a real PostgreSQL kept in the data folder, and one store with its tills. Starting it again goes on where it stopped. With --replay it sells what a file says, through cuts and kills, and proves that both sides are equal.",
    )
    .option("--data-dir <folder>", "where everything is kept", DEMO_DATA_DIR)
    .option("--port <n>", "port of the central server", portNumber, 8080)
    .option("--terminal-port <n>", "port of the first till; the others follow", portNumber, 7070)
    .option("--terminals <n>", "how many tills", wholeNumber(1, MAX_TERMINALS), 2)
    .option("--replay <file>", "sell the documents of a CSV or NDJSON file, plain or gzip")
    .option("--mapping <file>", "mapping file for --replay; chosen by the header line when absent")
    .option("--offline-every <n>", "cut the link after every n documents, for a while", wholeNumber(0), 0)
    .option("--kill-every <n>", "SIGKILL a till or the server after every n documents", wholeNumber(0), 0)
    .option("--exit", "stop when the replay is compared; exit code 0 only when both sides are equal")
    .option("--json", "the replay's result as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  tillsync demo --replay receipts.csv.gz --offline-every 500 --kill-every 2000 --exit",
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const output = outputOf(options);
  const stopped = stopSignal();
  // Before anything is started for a file that is not there.
  if (options.replay !== undefined) (await openSource(options.replay)).destroy();
  const demo = await startDemo({ ...options, onNote: (text) => output.progress(text) });
  const givenUp = new AbortController();
  let work: Promise<unknown> | undefined;
  try {
    if (!options.json) output.line(urlTable(demo));
    if (options.replay !== undefined) {
      work = replayFile(demo, output, options, options.replay, givenUp.signal);
      // Ctrl-C in the middle of a replay stops everything; the next start goes on from what is on disk.
      const outcome = await Promise.race([work, stopped]);
      if (outcome === "stopped" || options.exit) return;
    }
    if (process.stdin.isTTY) listenForCommands(demo, output);
    output.line("Ctrl-C stops everything; the next start goes on from there.");
    await stopped;
  } finally {
    output.progress("stopping");
    givenUp.abort();
    await demo.stop();
    await work?.catch(() => {}); // given up, or its failure is on its way to the caller already
    process.stdin.destroy();
  }
}

function stopSignal(): Promise<"stopped"> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve("stopped"));
  });
}

function urlTable({ home }: Demo): string {
  const rows = home.terminals.flatMap(({ shortId, url }) => [
    [`till ${shortId}`, `${url}/`, "status page and local API"],
    ["", `${url}/light`, "the light that a POS embeds"],
  ]);
  return table([["head office", `${home.centreUrl}/`, "what has arrived"], ...rows]);
}

async function replayFile(
  demo: Demo,
  output: Output,
  options: Options,
  file: string,
  signal: AbortSignal,
): Promise<"done"> {
  const documents = readDocuments({ file, mapping: options.mapping });
  const { offlineEvery, killEvery } = options;
  const onNote = (text: string) => output.progress(text);
  const result = await replay(demo, { documents, offlineEvery, killEvery, onNote, signal });
  output.value(result);
  report(output, result);
  if (result.verifications.some(({ equal }) => !equal)) process.exitCode = 1;
  return "done";
}

function report(output: Output, { progress, cuts, kills, verifications }: Replayed): void {
  const { recorded, duplicates, retries } = progress;
  output.line(
    `\n${recorded} documents sold, ${duplicates} were there already; link cut ${cuts} times, ${kills} processes killed, ${retries} requests of the POS repeated.`,
  );
  for (const verification of verifications) printVerification(output, verification);
  for (const line of togetherOf(verifications)) output.line(line);
  const equal = verifications.every((verification) => verification.equal);
  output.line(equal ? "\nEvery change is on both sides, byte for byte." : "\nThe two sides differ; see above.");
}

/** All tills of the replay added up, each side from its own rows. */
function togetherOf(verifications: Replayed["verifications"]): string[] {
  const add = (side: "till" | "centre", field: "documents" | "sums") => {
    const total: Record<string, number> = {};
    for (const verification of verifications) {
      for (const [key, value] of Object.entries(verification[side][field])) total[key] = (total[key] ?? 0) + value;
    }
    return total;
  };
  const [tillSums, centreSums, tillCounts, centreCounts] = [
    add("till", "sums"),
    add("centre", "sums"),
    add("till", "documents"),
    add("centre", "documents"),
  ];
  const counts = Object.keys(tillCounts).map(
    (kind) => `${kind}: ${tillCounts[kind]} on the tills, ${centreCounts[kind] ?? 0} at the centre`,
  );
  const sums = Object.keys(tillSums).map(
    (code) =>
      `${code}: ${formatMinor(tillSums[code] ?? 0, code)} on the tills, ${formatMinor(centreSums[code] ?? 0, code)} at the centre`,
  );
  return ["", "All tills together:", ...[...counts, ...sums].map((text) => `  ${text}`)];
}

const COMMANDS = "cut | heal | kill T01 | kill server";

/** A person at the keyboard may break things and watch. */
function listenForCommands(demo: Demo, output: Output): void {
  output.line(`Break something: type ${COMMANDS}, then Enter.`);
  createInterface({ input: process.stdin }).on("line", (line) => {
    const [verb, name] = line.trim().split(/\s+/);
    const till = demo.home.terminals.findIndex(({ shortId }) => shortId === name?.toUpperCase());
    if (verb === "cut") {
      demo.link.cut();
      output.line("The shop has no way to head office now; it goes on selling.");
    } else if (verb === "heal") {
      demo.link.heal();
      output.line("The link is whole again.");
    } else if (verb === "kill" && name === "server") demo.server.kill();
    else if (verb === "kill" && till >= 0) demo.tills[till]?.kill();
    else output.line(`There is ${COMMANDS}.`);
  });
}
