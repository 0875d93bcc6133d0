import { setTimeout as pause } from "node:timers/promises";
import type { ExchangeRequest, ExchangeResponse } from "@tillsync/protocol";
import { SampleLife } from "@tillsync/server/testing";
import { askJson } from "../http-door.ts";
import { type Prng, prng } from "../prng.ts";
import type { TwoServers } from "./two-servers.ts";

export interface PostgresKillOptions {
  readonly kills: number;
  readonly seed: number;
  readonly tills: number;
  readonly onProgress?: (text: string) => void;
}

/** What a run came to. Anything that was wrong is in `violations`, in words. */
export interface PostgresKillFigures {
  readonly kills: number;
  /** Changes stored in the end. */
  readonly changes: number;
  /** Answers that tills got: each of them was checked against what survived. */
  readonly acknowledgements: number;
  /** Requests under way when PostgreSQL was killed, and how many of them had been stored all the same. */
  readonly underWay: number;
  readonly storedUnanswered: number;
  readonly violations: readonly string[];
}

const MOST_IN_A_BATCH = 40;
/** How long each commit is made to take, so that it can be hit: PostgreSQL waits that long before it flushes. */
const COMMIT_MS = 12;
/** With tills that send all the time there is always a commit soon; should there be none, the kill comes all the same. */
const COMMITS_WITHIN_MS = 1000;
/** Longer than a server takes to find its database again. */
const ANSWERS_WITHIN_MS = 30_000;
/** A server whose database is gone answers at once; this keeps its tills from asking a thousand times a second. */
const PAUSE_AFTER_FAILURE_MS = 20;

/** A till that writes ahead and sends in small batches, to either server, until it is told to stop. */
class Sender {
  readonly life: SampleLife;
  acked = { durableThrough: 0, chainHash: "0".repeat(64) };
  acknowledgements = 0;
  /** How far the request goes that is under way; 0 when there is none. */
  underWayTo = 0;
  readonly #key: string;
  readonly #random: Prng;
  readonly #urls: readonly string[];

  constructor(options: { terminal: string; key: string; seed: number; urls: readonly string[] }) {
    this.life = new SampleLife(options.terminal);
    this.#key = options.key;
    this.#random = prng(options.seed);
    this.#urls = options.urls;
  }

  async sendOnce(): Promise<void> {
    const { life, acked } = this;
    const missing = acked.durableThrough + this.#random.whole(1, MOST_IN_A_BATCH) - life.wires.length;
    if (missing > 0) life.addSales(missing, life.terminal);
    const request: ExchangeRequest = life.request(acked.durableThrough + 1);
    const url = this.#urls[this.#random.whole(0, this.#urls.length - 1)] ?? "";
    this.underWayTo = life.wires.length;
    try {
      const answer = await askJson<ExchangeResponse>({ url, key: this.#key }, "POST", "/api/sync/exchange", request);
      this.acked = { durableThrough: answer.durableThrough, chainHash: answer.chainHash };
      this.acknowledgements++;
    } finally {
      this.underWayTo = 0;
    }
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.sendOnce().catch(() => pause(PAUSE_AFTER_FAILURE_MS));
  }
}

/**
 * Kills PostgreSQL, the postmaster and all its children, again and again while tills send to two servers, and compares
 * after each recovery every acknowledgement with what is stored (reliability.md I5).
 */
export async function killPostgresUnderLoad(
  servers: TwoServers,
  options: PostgresKillOptions,
): Promise<PostgresKillFigures> {
  const { kills, seed, tills, onProgress } = options;
  const random = prng(seed);
  const senders: Sender[] = [];
  for (let till = 1; till <= tills; till++) {
    const { terminal = "", key } = await servers.enrol(`T${till}`);
    senders.push(new Sender({ terminal, key, seed: seed * 100 + till, urls: servers.urls }));
  }
  const answers = () => senders.reduce((total, { acknowledgements }) => total + acknowledgements, 0);
  await makeCommitsSlow(servers);
  const violations: string[] = [];
  const figures = { kills: 0, underWay: 0, storedUnanswered: 0 };
  while (figures.kills < kills && violations.length === 0) {
    const enough = answers() + random.whole(tills, tills * 6);
    let over = false;
    const running = Promise.all(senders.map((sender) => sender.run(() => over)));
    await servers.killPostgres(async () => {
      if (!(await until(() => answers() >= enough, ANSWERS_WITHIN_MS))) violations.push("the tills get no answers");
      await until(async () => (await committing(servers)) > 0, COMMITS_WITHIN_MS);
      await pause(random.whole(0, COMMIT_MS));
      figures.underWay += senders.filter(({ underWayTo }) => underWayTo > 0).length;
      over = true;
    });
    figures.kills++;
    await running;
    await servers.startPostgres();
    for (const sender of senders) {
      const found = await compareWithStored(servers, sender);
      violations.push(...found.violations.map((text) => `after kill ${figures.kills}: ${text}`));
      if (found.storedThrough > sender.acked.durableThrough) figures.storedUnanswered++;
    }
    onProgress?.(`${figures.kills} of ${kills} kills, ${answers()} answers checked`);
  }
  violations.push(...servers.deaths.map((why) => `a server died: ${why}`));
  if (violations.length === 0) {
    for (const sender of senders) await sender.sendOnce();
    violations.push(...(await inspectAll(servers, senders)));
  }
  const changes = senders.reduce((total, { life }) => total + life.wires.length, 0);
  return { ...figures, changes, acknowledgements: answers(), violations };
}

/**
 * Makes commits long enough to be hit; and not durable, as somebody may have done who wanted them faster: a server has to
 * insist, or it loses what it has acknowledged.
 */
async function makeCommitsSlow(servers: TwoServers): Promise<void> {
  await servers.rows(`ALTER SYSTEM SET commit_delay = ${COMMIT_MS * 1000}`);
  await servers.rows("ALTER SYSTEM SET commit_siblings = 0");
  await servers.rows("SELECT pg_reload_conf()");
  await servers.rows("ALTER DATABASE tillsync SET synchronous_commit = off");
}

async function until(isSo: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    if (await isSo()) return true;
    await pause(1);
  }
  return false;
}

async function committing(servers: TwoServers): Promise<number> {
  const [row] = await servers.rows<{ count: number }>(
    "SELECT count(*) AS count FROM pg_stat_activity WHERE state = 'active' AND query = 'COMMIT'",
  );
  return row?.count ?? 0;
}

/** Nothing that was acknowledged may be missing, and what is there must be this till's own chain. */
async function compareWithStored(servers: TwoServers, { life, acked }: Sender) {
  const [mark] = await servers.rows<{ through: number; chain: string }>(
    `SELECT durable_through AS through, encode(chain_hash, 'hex') AS chain FROM tillsync.incarnation WHERE terminal = $1`,
    life.terminal,
  );
  const [at] = await servers.rows<{ hash: string }>(
    "SELECT encode(hash, 'hex') AS hash FROM tillsync.change_head WHERE terminal = $1 AND seq = $2",
    life.terminal,
    acked.durableThrough,
  );
  const storedThrough = mark?.through ?? 0;
  const violations: string[] = [];
  const tell = (text: string) => violations.push(`${life.terminal}: ${text}`);
  if (storedThrough < acked.durableThrough)
    tell(`acknowledged through ${acked.durableThrough}, stored ${storedThrough}`);
  if (acked.durableThrough > 0 && at?.hash !== acked.chainHash)
    tell(`seq ${acked.durableThrough} is not what was acknowledged`);
  if (mark && mark.chain !== life.hashAt(storedThrough)) tell("the mark has another chain than the till");
  return { storedThrough, violations };
}

/** Every change of every till once: one head, one body, one document, told once, in a feed without gaps. */
async function inspectAll(servers: TwoServers, senders: readonly Sender[]): Promise<string[]> {
  const violations: string[] = [];
  for (const { life } of senders) {
    const rows = await servers.rows<{
      seq: number;
      hash: string;
      effect: string;
      bodies: number;
      documents: number;
      told: number;
    }>(
      `SELECT h.seq, encode(h.hash, 'hex') AS hash, h.effect,
         (SELECT count(*) FROM tillsync.change_body b WHERE b.terminal = h.terminal AND b.seq = h.seq) AS bodies,
         (SELECT count(*) FROM tillsync.document d WHERE d.local_id = h.local_id) AS documents,
         (SELECT count(*) FROM tillsync.feed_entry f WHERE f.terminal = h.terminal AND h.seq BETWEEN f.from_seq AND f.to_seq) AS told
       FROM tillsync.change_head h WHERE h.terminal = $1 ORDER BY h.seq`,
      life.terminal,
    );
    if (rows.length !== life.wires.length)
      violations.push(`${life.terminal}: ${rows.length} rows of ${life.wires.length}`);
    for (const [index, { seq, hash, effect, bodies, documents, told }] of rows.entries()) {
      const facts = [seq, hash, effect, bodies, documents, told].join(" ");
      const expected = [index + 1, life.hashAt(index + 1), "applied", 1, 1, 1].join(" ");
      if (facts !== expected) violations.push(`${life.terminal}: ${facts} instead of ${expected}`);
    }
  }
  const [feed] = await servers.rows<{ count: number; last: number; n: number }>(
    `SELECT (SELECT count(*) FROM tillsync.feed_entry) AS count, (SELECT max(n) FROM tillsync.feed_entry) AS last,
       (SELECT n FROM tillsync.feed_counter) AS n`,
  );
  if (feed?.count !== feed?.n || feed?.last !== feed?.n) violations.push(`the feed has gaps: ${JSON.stringify(feed)}`);
  return violations;
}
