import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, type TestContext } from "vitest";
import { tempFile } from "../testing/temp-folder.ts";

const SCRIPT = fileURLToPath(new URL("../testing/sell-many.ts", import.meta.url));
const SALES = 500;

/** Calls of fsync and fdatasync of a process that sells so many orders, all its threads included. */
function flushesOf(driver: string, sales: number, context: TestContext): number {
  const file = tempFile();
  const summary = `${file}.strace`;
  const args = [
    "-f",
    "-c",
    "-e",
    "trace=fsync,fdatasync",
    "-o",
    summary,
    process.execPath,
    SCRIPT,
    file,
    driver,
    String(sales),
  ];
  const { error, status, stderr } = spawnSync("strace", args, { encoding: "utf8" });
  if (error && "code" in error && error.code === "ENOENT") context.skip("not run: strace missing");
  if (/ptrace|PTRACE/.test(stderr)) context.skip("not run: this machine does not let strace trace");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return callsIn(readFileSync(summary, "utf8"));
}

/** Sums the column "calls" of `strace -c`: `% time, seconds, usecs/call, calls, [errors], syscall`. */
function callsIn(summary: string): number {
  const rows = summary.split("\n").map((line) => line.trim().split(/\s+/));
  const counted = rows.filter((row) => ["fsync", "fdatasync"].includes(row.at(-1) ?? ""));
  return counted.reduce((sum, row) => sum + Number(row[3]), 0);
}

describe.each(["better-sqlite3", "node:sqlite"])("a sale on %s", (driver) => {
  it("costs one flush: durable when it returns, and no more than that (I2)", (context) => {
    const before = flushesOf(driver, 0, context);
    const perSale = (flushesOf(driver, SALES, context) - before) / SALES;
    context.annotate(`flushes per sale: ${perSale}`);
    expect(perSale).toBeGreaterThanOrEqual(1);
    expect(perSale).toBeLessThanOrEqual(1.1);
  });
});
