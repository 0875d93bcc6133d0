#!/usr/bin/env node
// Plain JavaScript: on an older machine this file meets the machine's own Node, finds the one npm installed and hands
// over to it. (`node a && node b` in an npm script does not do that: the shell remembers the first `node`.)
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { enableCompileCache, flushCompileCache } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MINIMUM_NODE = [24, 21];

if (isRecent(process.versions.node)) {
  // Only one hand-over is guarded against looping: what this process starts may hand over again.
  delete process.env.TILLSYNC_REEXECUTED;
  keepCompiled();
  if (process.argv[2] === "terminal") await import("./small-heap.mjs");
  await import("../src/main.ts");
} else {
  const binary = process.env.TILLSYNC_REEXECUTED === undefined ? findNode() : undefined;
  if (binary === undefined)
    refuse("none is installed beside Tillsync: run `npm ci` in its folder, or install Node from https://nodejs.org");
  else handOver(binary);
}

/**
 * Keeps what Node compiles for the next start, which then needs no stripper of types: 29 MiB less for as long as it runs.
 * Beside Tillsync and not in the machine's folder for everybody's files, for it is run; where nothing can be written there
 * a start works as the first one does. Written soon after the start, because tills end by the switch.
 */
function keepCompiled() {
  enableCompileCache(fileURLToPath(new URL("../../../node_modules/.cache/tillsync", import.meta.url)));
  setTimeout(flushCompileCache, 10_000).unref();
}

function isRecent(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
}

/** The nearest node_modules that has a Node of its own, from this file upwards. */
function findNode() {
  const platform = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const name = process.platform === "win32" ? "node.exe" : "node";
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    for (const binary of [
      join(folder, "node_modules", platform, "bin", name),
      join(folder, "node_modules", ".bin", name),
    ]) {
      if (existsSync(binary)) return binary;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

function handOver(binary) {
  const child = spawn(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, TILLSYNC_REEXECUTED: "1" },
  });
  const forward = (signal) => child.kill(signal);
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on("SIGTERM", forward);
  process.on("SIGHUP", forward);
  // A terminal sends Ctrl-C to the whole group, so the child has it already; twice would mean "now, at once" to it.
  process.on("SIGINT", atTerminal ? () => {} : forward);
  child.on("error", (error) => refuse(`${binary} does not start (${error.message})`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    // Whoever waits for us must see the same end: a signal, not an exit code.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function refuse(why) {
  process.stderr.write(
    `Tillsync needs Node ${MINIMUM_NODE.join(".")} or newer (this one is ${process.versions.node}) and ${why}.\n`,
  );
  process.exit(1);
}
