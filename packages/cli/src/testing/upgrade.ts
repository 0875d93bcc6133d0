import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openTerminal } from "@tillsync/engine";
import { enroll, openPool, startServer } from "@tillsync/server";
import { freshDatabase } from "@tillsync/server/testing";
import { pino } from "pino";
import { verify } from "../verify/verify.ts";

const HERE = fileURLToPath(new URL("../../../../", import.meta.url));
const PLACE = { org: "upgrade", store: "main", currency: "KES" };
const CHANGES = 10_000;

export interface UpgradeOutcome {
  readonly figures: Readonly<Record<string, unknown>>;
  readonly violations: readonly string[];
}

/** What the previous release runs: sells without a link until so many changes wait, or sends all that waits. */
const SCRIPT = `
import { openTerminal } from "@tillsync/engine";
const [what, file, terminal, shortId, url, key] = process.argv.slice(2);
const till = openTerminal({ file, terminal, shortId, store: "main", currency: "KES", central: { url, key } });
if (what === "sell") {
  till.openShift({ operator: "Amina", businessDate: "2026-11-30" });
  const line = { item: "bread", quantity: "1", unitPrice: "2.50" };
  for (let made = 1; made < ${CHANGES}; made += 100)
    till.transaction((tx) => {
      for (let sale = made; sale < Math.min(made + 100, ${CHANGES}); sale++)
        tx.closeOrder({ localId: shortId + "-sale-" + sale, lines: [line], tenders: [{ type: "cash", amountMinor: 250 }] });
    });
} else {
  for (let round = 0; round < 20 && till.status().pending > 0; round++) await till.syncNow();
}
process.stdout.write(JSON.stringify({ pending: till.status().pending, headSeq: till.status().headSeq }));
await till.close(0);
`;

/**
 * Ten thousand changes that the previous release recorded and could not send, delivered after either side was updated first:
 * its till to this server, and this release's till to its server. `previous` is a commit of this repository.
 */
export async function upgradeEitherSide(previous: string, onProgress: (text: string) => void): Promise<UpgradeOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-upgrade-"));
  const database = await freshDatabase();
  const figures: Record<string, unknown> = { previous, changes: CHANGES };
  const violations: string[] = [];
  const old = new PreviousRelease(join(folder, "previous"), previous);
  try {
    const server = await old.startServer(database.adminUrl);
    const pool = openPool(database.adminUrl, { max: 2 });
    const tills = [];
    for (const shortId of ["T01", "T02"]) {
      const made = await enroll(pool, { ...PLACE, role: "terminal", name: shortId, terminal: { shortId } }, Date.now());
      const till = { shortId, file: join(folder, `${shortId}.db`), terminal: made.terminal ?? "", key: made.key };
      const sold = await old.run(["sell", till.file, till.terminal, shortId, "http://127.0.0.1:1", "none"]);
      if (sold.pending !== CHANGES) violations.push(`${shortId} had ${sold.pending} changes waiting, not ${CHANGES}`);
      onProgress(`${shortId}: ${sold.pending} changes of the previous release wait`);
      tills.push(till);
    }
    await pool.end();
    const [first, second] = tills;
    if (first === undefined || second === undefined) throw new Error("no tills");

    let started = performance.now();
    const central = { url: server.url, key: first.key };
    const updated = openTerminal({ ...first, store: "main", currency: "KES", central });
    for (let round = 0; round < 20 && updated.status().pending > 0; round++) await updated.syncNow();
    figures.tillFirstLeft = updated.status().pending;
    await updated.close(0);
    figures.tillFirstMs = Math.round(performance.now() - started);
    const one = await verify({ file: first.file, centre: central, onProgress: () => {} });
    if (!one.equal) violations.push("till updated first: both sides differ");
    onProgress("this release's till has sent all of them to the previous server");

    await server.stop();
    const log = pino({ level: "silent" });
    const present = await startServer({ databaseUrl: database.adminUrl, host: "127.0.0.1", port: 0, log });
    try {
      started = performance.now();
      const sent = await old.run(["send", second.file, second.terminal, second.shortId, present.url, second.key]);
      figures.serverFirstLeft = sent.pending;
      figures.serverFirstMs = Math.round(performance.now() - started);
      for (const till of [first, second]) {
        const centre = { url: present.url, key: till.key };
        const compared = await verify({ file: till.file, centre, onProgress: () => {} });
        if (!compared.equal) violations.push(`${till.shortId} at the updated server: both sides differ`);
      }
    } finally {
      await present.close();
    }
    if (figures.tillFirstLeft !== 0 || figures.serverFirstLeft !== 0) violations.push("not everything was delivered");
    return { figures, violations };
  } finally {
    old.stop();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tree of an earlier commit, with the packages that are installed here. */
class PreviousRelease {
  readonly #folder: string;
  readonly #children = new Set<ReturnType<typeof spawn>>();

  constructor(folder: string, commit: string) {
    this.#folder = folder;
    mkdirSync(folder);
    const archive = execFileSync("git", ["archive", commit, "packages", "package.json"], {
      cwd: HERE,
      maxBuffer: 2 ** 30,
    });
    execFileSync("tar", ["-x", "-C", folder], { input: archive });
    const modules = join(folder, "node_modules");
    mkdirSync(join(modules, "@tillsync"), { recursive: true });
    for (const name of readdirSync(join(HERE, "node_modules")))
      if (name !== "@tillsync" && name !== "tillsync")
        symlinkSync(join(HERE, "node_modules", name), join(modules, name));
    for (const name of readdirSync(join(folder, "packages")))
      symlinkSync(
        join(folder, "packages", name),
        name === "cli" ? join(modules, "tillsync") : join(modules, "@tillsync", name),
      );
    writeFileSync(join(folder, "till.mts"), SCRIPT);
  }

  async startServer(databaseUrl: string): Promise<{ url: string; stop: () => Promise<void> }> {
    const command = [join(this.#folder, "packages/cli/bin/tillsync.mjs"), "server", "--port", "0", "--json"];
    const env = { ...process.env, DATABASE_URL: databaseUrl };
    const child = spawn(process.execPath, command, { cwd: this.#folder, env, stdio: ["ignore", "pipe", "inherit"] });
    this.#children.add(child);
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const url = await new Promise<string>((resolve, reject) => {
      let said = "";
      child.stdout.on("data", (piece: Buffer) => {
        said += piece.toString();
        if (said.includes("\n")) resolve((JSON.parse(said) as { ready: string }).ready);
      });
      child.once("exit", () => reject(new Error("the previous server did not start")));
    });
    const stop = async () => {
      child.kill("SIGTERM");
      await ended;
    };
    return { url, stop };
  }

  async run(words: readonly string[]): Promise<{ pending: number; headSeq: number }> {
    const child = spawn(process.execPath, [join(this.#folder, "till.mts"), ...words], {
      cwd: this.#folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#children.add(child);
    let said = "";
    child.stdout.on("data", (piece: Buffer) => {
      said += piece.toString();
    });
    const code = await new Promise((resolve) => child.once("exit", resolve));
    if (code !== 0) throw new Error(`the previous release's till ended with ${code}`);
    return JSON.parse(said) as { pending: number; headSeq: number };
  }

  stop(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}
