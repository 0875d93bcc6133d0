import { FUZZ_INPUTS, type FuzzFigures, FuzzTally } from "@tillsync/protocol/testing";
import { fuzzContents, fuzzReaders, fuzzServer } from "@tillsync/server/testing";
import { fuzzTerminalDoor, fuzzTerminalSales } from "@tillsync/terminal/testing";
import { fuzzLiveServer, fuzzLiveTerminal, LiveDoors, memoryOf } from "tillsync/testing";
import setUpPostgres from "./test-postgres.ts";

const A_ROUND = Object.values(FUZZ_INPUTS).reduce((sum, count) => sum + count, 0);

/** What `npm test -- fuzz` does, again and again with other seeds, on the same two processes throughout. */
export async function fuzzRounds(
  { seed, inputs }: { readonly seed: number; readonly inputs: number },
  onProgress: (text: string) => void,
): Promise<{ figures: Readonly<Record<string, unknown>>; violations: readonly string[] }> {
  const stopPostgres = await setUpPostgres();
  const doors = await LiveDoors.start();
  const tally = new FuzzTally();
  const megabytes: number[] = [];
  try {
    for (let round = 0; tally.figures.inputs < inputs; round++) {
      for (const figures of await oneRound(doors, seed + round)) tally.add(figures);
      megabytes.push(Math.round((memoryOf(doors.server.pid)?.residentBytes ?? 0) / 2 ** 20));
      const { inputs: done, violations } = tally.figures;
      onProgress(`${done} inputs, ${violations.length} violations, the server has ${megabytes.at(-1)} MiB`);
    }
    const { violations, refused, ...figures } = tally.figures;
    const all = [...violations, ...doors.deaths, ...doors.mistakes().slice(0, 10)];
    return {
      figures: { ...figures, ...refused, rounds: megabytes.length, inputsARound: A_ROUND, megabytes },
      violations: all,
    };
  } finally {
    await doors.stop();
    await stopPostgres?.();
  }
}

async function oneRound(doors: LiveDoors, seed: number): Promise<FuzzFigures[]> {
  const of = (inputs: number) => ({ seed, inputs });
  return [
    await fuzzReaders(of(FUZZ_INPUTS.readers)),
    await fuzzServer(of(FUZZ_INPUTS.serverRequests)),
    await fuzzContents(of(FUZZ_INPUTS.contents)),
    await fuzzTerminalDoor(of(FUZZ_INPUTS.terminalRequests)),
    await fuzzTerminalSales(of(FUZZ_INPUTS.terminalSales)),
    await fuzzLiveServer(doors, of(FUZZ_INPUTS.liveServer)),
    await fuzzLiveTerminal(doors, of(FUZZ_INPUTS.liveTerminal)),
  ];
}
