import { readFileSync } from "node:fs";

/** One call that changed, or made safe, a file of the traced folder. */
export type TracedCall =
  | { readonly op: "open" | "sync" | "unlink"; readonly file: string }
  | { readonly op: "truncate"; readonly file: string; readonly offset: number }
  | { readonly op: "write"; readonly file: string; readonly offset: number; readonly bytes: Buffer };

const OPS = ["", "open", "write", "truncate", "sync", "unlink", "rename"] as const;
/** op, file: 32 bits each; offset, length: 64 bits each. */
const HEAD_BYTES = 24;

/** Reads what `interposer.c` wrote; files are named from the folder on, which itself is "". */
export function readTrace(log: string, folder: string): TracedCall[] {
  const bytes = readFileSync(log);
  const names = new Map<number, string>();
  const calls: TracedCall[] = [];
  for (let at = 0; at < bytes.length; ) {
    const op = OPS[bytes.readUInt32LE(at)];
    const number = bytes.readUInt32LE(at + 4);
    const offset = Number(bytes.readBigUInt64LE(at + 8));
    const length = Number(bytes.readBigUInt64LE(at + 16));
    const data = bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
    at += HEAD_BYTES + length;
    if (op === "open") names.set(number, data.toString().slice(folder.length + 1));
    const file = names.get(number);
    // What was never opened here was made by somebody else, and is gone before it mattered.
    if (file === undefined) continue;
    if (op === "write") calls.push({ op, file, offset, bytes: data });
    else if (op === "truncate") calls.push({ op, file, offset });
    else if (op === "open" || op === "sync" || op === "unlink") calls.push({ op, file });
    else throw new Error(`the trace has a call that no power cut is modelled for: ${op}`);
  }
  return calls;
}

/** What was done in one folder below the traced one, named from there on. */
export function within(trace: readonly TracedCall[], folder: string): TracedCall[] {
  return trace.flatMap((call) =>
    `${call.file}/`.startsWith(`${folder}/`) ? [{ ...call, file: call.file.slice(folder.length + 1) }] : [],
  );
}
