import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Witness, Witnessed } from "../ports.ts";
import { troubleOf } from "../sqlite/trouble.ts";
import { sha256 } from "./sha256.ts";

/** Every write has this length, so that overwriting never leaves a tail of the one before. */
const RECORD_BYTES = 128;

/** Hex digits of the check over a line: 2^-64 that a torn line passes for whole. */
const CHECK_DIGITS = 16;

/**
 * The witness as a file of one line, `incarnation seq hash check`, overwritten in place. A line that is not whole (power
 * cut in the middle of a write, half of it the line before) is no witness: it may lag, never mislead.
 */
export function openWitness(file: string): Witness {
  const handle = told(file, () => openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600));
  return {
    read: () => parse(told(file, () => readFileSync(file, "latin1"))),
    write: (seen) => {
      const line = `${seen.incarnation} ${seen.seq} ${seen.hash}`;
      writeSync(handle, `${line} ${checkOf(line)}`.padEnd(RECORD_BYTES - 1).concat("\n"), 0, "latin1");
    },
    flush: () => fsyncSync(handle),
    close: () => closeSync(handle),
  };
}

/** @throws SyncError as the database beside it does, when the disk refuses */
function told<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw troubleOf(error, file);
  }
}

function parse(text: string): Witnessed | undefined {
  const [, line = "", incarnation, seq, hash, check] =
    /^(([0-9a-f]{16}) (\d{1,15}) ([0-9a-f]{64})) ([0-9a-f]{16}) *\n$/.exec(text) ?? [];
  if (!incarnation || !seq || !hash || check !== checkOf(line)) return undefined;
  return { incarnation, seq: Number(seq), hash };
}

function checkOf(line: string): string {
  return sha256(line).slice(0, CHECK_DIGITS);
}
