import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ExchangeResponse } from "@tillsync/protocol";
import { countOf } from "@tillsync/protocol/testing";
import { SampleLife } from "@tillsync/server/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PosterWork } from "./testing/poster.ts";
import { killPostgresUnderLoad } from "./testing/postgres-kills.ts";
import { TwoServers } from "./testing/two-servers.ts";

const POSTER = fileURLToPath(new URL("./testing/poster.ts", import.meta.url));
const SEED = Number(process.env.TILLSYNC_SEED ?? Date.now() % 1_000_000);
const RANGE = 1000;
const PROCESSES = 4;
const TIMES = 10;
/** `npm run proof -- postgres` makes 200 of them. */
const KILLS = countOf(process.env.TILLSYNC_FULL_COUNTS, { quick: 8, full: 20 });

let servers: TwoServers;
beforeAll(async () => {
  servers = await TwoServers.start();
});
afterAll(() => servers.stop());

describe("the same range of 1,000 changes, posted 10 times by each of 4 processes to 2 servers at once", () => {
  it("becomes one row and one effect each, and every answer is the same", async () => {
    const { terminal = "", key } = await servers.enrol("T01");
    const life = new SampleLife(terminal);
    life.addSales(RANGE);
    const answers = await postFromProcesses({
      urls: servers.urls,
      key,
      body: JSON.stringify(life.request()),
      times: TIMES,
    });
    expect(answers).toHaveLength(PROCESSES * TIMES);
    for (const { status, body } of answers) {
      expect({ status, through: body.durableThrough, chain: body.chainHash, receipt: body.receiptCounter }).toEqual({
        status: 200,
        through: RANGE,
        chain: life.hashAt(RANGE),
        receipt: { businessDate: "2026-01-16", sequence: RANGE },
      });
    }
    const heads = await servers.rows("SELECT seq FROM tillsync.change_head WHERE effect = 'applied' ORDER BY seq");
    expect(heads).toEqual(life.wires.map((_, index) => ({ seq: index + 1 })));
    const [counts] = await servers.rows(`SELECT (SELECT count(*) FROM tillsync.change_head) AS heads,
      (SELECT count(*) FROM tillsync.change_body) AS bodies, (SELECT count(*) FROM tillsync.document) AS documents`);
    expect(counts).toEqual({ heads: RANGE, bodies: RANGE, documents: RANGE });
    const told = await servers.rows("SELECT n, from_seq, to_seq, effect FROM tillsync.feed_entry");
    expect(told).toEqual([{ n: 1, from_seq: 1, to_seq: RANGE, effect: "applied" }]);
  });
});

describe(`PostgreSQL killed ${KILLS} times while tills send`, () => {
  it("keeps all that was acknowledged, and nothing twice", async () => {
    console.log(`seed ${SEED} (TILLSYNC_SEED)`);
    const { violations, ...figures } = await killPostgresUnderLoad(servers, { kills: KILLS, seed: SEED, tills: 4 });
    console.log(JSON.stringify(figures));
    expect(violations, `seed ${SEED}`).toEqual([]);
    // Otherwise it was not in the middle of anything.
    expect(figures.underWay).toBeGreaterThan(KILLS);
  }, 300_000);
});

interface Posted {
  readonly status: number;
  readonly body: ExchangeResponse;
}

/** Starts the processes, lets them go together, and gives all their answers. */
async function postFromProcesses(work: PosterWork): Promise<Posted[]> {
  const processes = Array.from({ length: PROCESSES }, (_, index) => {
    // Half of them begin at the other server.
    const urls = index % 2 === 0 ? work.urls : work.urls.toReversed();
    const child = spawn(process.execPath, [POSTER], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin?.write(`${JSON.stringify({ ...work, urls })}\n`);
    return { child, lines: linesOf(child) };
  });
  for (const { lines } of processes) expect((await lines.next()).value).toBe("ready");
  for (const { child } of processes) child.stdin?.write("go\n");
  const answers = processes.map(async ({ child, lines }) => {
    const ended = once(child, "exit");
    const posted: Posted[] = [];
    for await (const line of lines) posted.push(JSON.parse(line) as Posted);
    expect(await ended).toEqual([0, null]);
    return posted;
  });
  return (await Promise.all(answers)).flat();
}

function linesOf(child: ChildProcess): AsyncIterableIterator<string> {
  if (child.stdout === null) throw new Error("the process has no output");
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}
