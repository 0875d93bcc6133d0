import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SELLER = fileURLToPath(new URL("sell-and-end.ts", import.meta.url));

/** Flushes a sale, counted by strace over all threads; null where strace is missing or not allowed. */
export function flushesPerSale(folder: string, count: number): number | null {
  const none = flushes(join(folder, "none"), 0);
  const some = flushes(join(folder, "some"), count);
  return none === null || some === null ? null : (some - none) / count;
}

function flushes(file: string, count: number): number | null {
  const summary = `${file}.strace`;
  const trace = ["-f", "-c", "-e", "trace=fsync,fdatasync", "-o", summary];
  const { error, status } = spawnSync("strace", [...trace, process.execPath, SELLER, `${file}.db`, String(count)]);
  if (error !== undefined || status !== 0) return null;
  // Columns of `strace -c`: % time, seconds, usecs/call, calls, [errors], syscall.
  const rows = readFileSync(summary, "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const counted = rows.filter((row) => ["fsync", "fdatasync"].includes(row.at(-1) ?? ""));
  return counted.reduce((sum, row) => sum + Number(row[3]), 0);
}
