import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Witness, Witnessed } from "../ports.ts";

/** Every write has this length, so that overwriting never leaves a tail of the one before. */
const RECORD_BYTES = 128;

/**
 * The witness as a file of one line, `incarnation seq hash`, overwritten in place. A line that is not whole (power cut in
 * the middle of a write) is no witness: it may lag, never mislead.
 */
export function openWitness(file: string): Witness {
  const handle = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  return {
    read: () => parse(readFileSync(file, "latin1")),
    write: (seen) => {
      writeSync(
        handle,
        `${seen.incarnation} ${seen.seq} ${seen.hash}`.padEnd(RECORD_BYTES - 1).concat("\n"),
        0,
        "latin1",
      );
    },
    flush: () => fsyncSync(handle),
    close: () => closeSync(handle),
  };
}

function parse(text: string): Witnessed | undefined {
  const match = /^([0-9a-f]{16}) (\d{1,15}) ([0-9a-f]{64}) *\n$/.exec(text);
  const [, incarnation, seq, hash] = match ?? [];
  return incarnation && seq && hash ? { incarnation, seq: Number(seq), hash } : undefined;
}
