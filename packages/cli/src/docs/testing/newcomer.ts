import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePorts } from "../../testing/free-ports.ts";
import { type Block, ROOT } from "./markdown.ts";
import { findProgram, type Ran, run, Staying } from "./shell.ts";

/**
 * Somebody who follows a page, block by block, in a folder of his own: clones the repository as it is now, starts the
 * demo, and types what the page says.
 *
 * A block is run as it stands, but for these words: `REPOSITORY`, the ports of the page, and the database of the page
 * become those of this run, and `npm start` gets the ports as flags. A comment on the line before the block says more:
 *
 *     <!-- test: expect "TEXT" -->      its output has TEXT; may be said several times
 *     <!-- test: stays "TEXT" -->       its last command goes on running, and is ready when it has printed TEXT
 *     <!-- test: typed -->              its lines are typed into the demo
 *     <!-- test: not run: REASON -->    it is not run
 *
 * A `sh` block has to end with exit code 0. A `ts` block is checked with the compiler and run. Other blocks are text.
 */
export class Newcomer {
  readonly #home: string;
  readonly #words: ReadonlyMap<string, string>;
  readonly #staying: Staying[] = [];
  #folder: string;

  private constructor(home: string, words: ReadonlyMap<string, string>) {
    this.#home = home;
    this.#folder = home;
    this.#words = words;
  }

  /** Programs that a page asks for and this machine has not. */
  static missingPrograms(): string[] {
    const programs = ["git", "npm", "curl", "script"].filter((name) => findProgram(name) === undefined);
    return process.env.TILLSYNC_PG_URL === undefined ? [...programs, "PostgreSQL"] : programs;
  }

  /** @param databaseUrl what the page's own PostgreSQL is in this run */
  static async arrive(databaseUrl: string): Promise<Newcomer> {
    const home = mkdtempSync(join(tmpdir(), "tillsync-newcomer-"));
    const repository = join(home, "repository");
    await makeRepository(repository);
    const words = new Map([
      ["REPOSITORY", repository],
      ["npm start", "npm start -- --port 8080 --terminal-port 7070"],
      ["postgresql://tillsync:secret@db.example:5432/tillsync", databaseUrl],
    ]);
    const ports = [["8080"], ["7070", "7071"], ["8090"], ["7080", "7081"], ["8095"], ["7095"]];
    for (const group of ports) {
      const first = await freePorts(group.length);
      for (const [index, port] of group.entries()) words.set(port, String(first + index));
    }
    return new Newcomer(home, words);
  }

  /**
   * Does what a block says.
   *
   * @returns why it is not run, when it is not
   * @throws Error with everything it printed when it failed or did not print what the page expects
   */
  async follow(block: Block): Promise<string | undefined> {
    const order = /^test: (.*)$/.exec(block.comment)?.[1] ?? "";
    const [, why] = /^not run: (.+)$/.exec(order) ?? [];
    if (why !== undefined) return why;
    if (order === "typed") await this.#type(block.text);
    const stays = /stays "([^"]+)"/.exec(order)?.[1];
    const output = await this.#run(block, stays);
    for (const [, text = ""] of order.matchAll(/expect "([^"]+)"/g)) {
      if (!output.includes(text)) throw new Error(`it did not print "${text}", but:\n${output}`);
    }
    return undefined;
  }

  async #run(block: Block, stays: string | undefined): Promise<string> {
    const text = this.#ours(block.text);
    if (block.language === "ts") return this.#typescript(text);
    if (block.language !== "sh") return "";
    if (stays === undefined) return this.#shell(text);
    const commands = text.replaceAll("\\\n", " ").trim().split("\n");
    const last = commands.pop() ?? "";
    for (const command of commands) await this.#shell(command);
    const program = new Staying(last, this.#settings());
    this.#staying.push(program);
    await program.printed(stays);
    return program.output;
  }

  async #shell(text: string): Promise<string> {
    const output = succeeded(await run("sh", ["-ec", text], this.#settings()));
    const entered = /&& cd (\S+)\s*$/.exec(text)?.[1];
    if (entered !== undefined) {
      this.#folder = join(this.#folder, entered);
      // What `npm start` installs from the registry is here already; that it does so is tested with scripts/boot.mjs.
      symlinkSync(join(ROOT, "node_modules"), join(this.#folder, "node_modules"));
    }
    return output;
  }

  async #typescript(text: string): Promise<string> {
    const options = { extends: "./tsconfig.json", include: ["snippet.ts"] };
    writeFileSync(join(this.#folder, "snippet.ts"), text);
    writeFileSync(join(this.#folder, "tsconfig.snippet.json"), JSON.stringify(options));
    const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    succeeded(await run(process.execPath, [compiler, "--noEmit", "-p", "tsconfig.snippet.json"], this.#settings()));
    return succeeded(await run(process.execPath, ["snippet.ts"], this.#settings()));
  }

  /** The demo answers an unknown word after it has done the ones before it. */
  async #type(text: string): Promise<void> {
    const demo = this.#staying[0];
    if (demo === undefined) throw new Error("nothing is running that one could type into");
    for (const line of text.trim().split("\n")) {
      const before = demo.output.length;
      demo.type(`${line}\n?\n`);
      await demo.printed("There is ", before);
      if (line.startsWith("kill")) await demo.printed("starting it again", before);
    }
    for (const port of ["8080", "7070", "7071"]) await answers(`http://127.0.0.1:${this.#words.get(port)}/health`);
  }

  #ours(text: string): string {
    let ours = text;
    for (const [theirs, mine] of this.#words) ours = ours.replaceAll(theirs, mine);
    return ours;
  }

  #settings() {
    // Scripts around a script are not run: `prestart` would install into the modules that all of us share.
    return { cwd: this.#folder, env: { npm_config_ignore_scripts: "true", npm_config_update_notifier: "false" } };
  }

  /** Ctrl-C for everything that is still running; then the folder goes. */
  async leave(): Promise<void> {
    for (const program of this.#staying.reverse()) await program.end();
    await until(() => !existsSync(join(this.#folder, ".tillsync", "postgres", "pg18", "postmaster.pid")));
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }
}

function succeeded({ code, output }: Ran): string {
  if (code !== 0) throw new Error(`it ended with exit code ${code}:\n${output}`);
  return output;
}

/** The tree as it is now, committed, so that it can be cloned. */
async function makeRepository(folder: string): Promise<void> {
  const left = new Set(["node_modules", ".git", ".tillsync", "coverage"]);
  cpSync(ROOT, folder, {
    recursive: true,
    filter: (path) =>
      !relative(ROOT, path)
        .split("/")
        .some((part) => left.has(part)),
  });
  const person = ["-c", "user.name=newcomer", "-c", "user.email=newcomer@example.org", "-c", "commit.gpgsign=false"];
  for (const args of [
    ["init", "-q"],
    ["add", "-A"],
    [...person, "commit", "-qm", "as it is now"],
  ])
    succeeded(await run("git", args, { cwd: folder }));
}

async function answers(url: string): Promise<void> {
  await until(async () => (await fetch(url).catch(() => undefined))?.ok === true);
}

/** Asks again until it is so; the test's own time-out ends it. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(20);
}
