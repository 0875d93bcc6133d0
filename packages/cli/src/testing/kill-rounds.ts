import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "@tillsync/engine";
import { readOnly } from "@tillsync/engine/sqlite";
import type { Child } from "../demo/child.ts";
import type { Direction } from "../demo/fault-proxy.ts";
import { drained } from "../demo/replay.ts";
import { type Demo, startDemo } from "../demo/run.ts";
import type { ImportedDocument } from "../import/documents.ts";
import { TerminalDoor } from "../import/terminal-door.ts";
import { type Prng, prng } from "../prng.ts";
import { seededDocuments } from "../seed.ts";
import { openLedger } from "../verify/ledger-side.ts";
import { verify } from "../verify/verify.ts";
import { freePorts } from "./free-ports.ts";

export interface KillRoundOptions {
  /** How many times a till or the server is killed with SIGKILL. */
  readonly kills: number;
  readonly seed: number;
  /** A folder of its own; the caller throws it away. */
  readonly dataDir: string;
  readonly onProgress?: (text: string) => void;
}

/** What a run came to. Anything that was wrong is in `violations`, in words. */
export interface KillRoundFigures {
  readonly kills: number;
  readonly faults: number;
  /** Sales, transactions and stock movements that the POS was told about. */
  readonly told: number;
  /** Requests of the POS that got no answer and were repeated. */
  readonly repeats: number;
  readonly violations: readonly string[];
}

const TILLS = 2;
/** Longest time between two kills: about what a killed process takes to be back, so that some hit it while it starts. */
const BETWEEN_KILLS_MS = 1300;
const BETWEEN_FAULTS_MS = 900;
/** A till sells until its process is gone for this long: two starts, on a machine that does many other things. */
const PATIENCE_MS = 120_000;
/** Seconds between two customers would make a long test; this keeps a machine of two cores busy and no more. */
const BETWEEN_CUSTOMERS_MS = 25;
/** More than any run sells. */
const MOST_DOCUMENTS = 1_000_000;

/** What a till told its POS about one document. */
interface Told {
  readonly kind: ImportedDocument["kind"];
  readonly receiptNumber: string | null;
  readonly totalMinor: number | null;
}

/**
 * Sells through real tills while they and their server are killed at random instants and the link between them is cut,
 * stalled, slowed and broken in the middle of messages; then lets everything settle and compares what the POS was told
 * with what is on the tills and at the centre. The seed decides the order of faults, not the instants of the machine.
 */
export async function killRounds(options: KillRoundOptions): Promise<KillRoundFigures> {
  const { kills, seed, dataDir, onProgress = () => {} } = options;
  const first = await freePorts(1 + TILLS);
  const demo = await startDemo({ dataDir, port: first, terminalPort: first + 1, terminals: TILLS, onNote: () => {} });
  try {
    const customers = demo.home.terminals.map(({ url }, till) => new Customers(url, seed * 10 + till));
    const isOver = { now: false };
    const selling = customers.map((each) => each.run(() => isOver.now));
    const faulting = breakLink(demo, prng(seed + 1), () => isOver.now);
    await killAtRandom(demo, prng(seed), { kills, onProgress, sold: () => sumOf(customers, ({ told }) => told.size) });
    isOver.now = true;
    const faults = await faulting;
    demo.link.heal();
    await Promise.all(selling);
    await Promise.all(demo.home.terminals.map(({ url }) => drained(url)));
    const violations: string[] = [];
    for (const [till, each] of customers.entries()) violations.push(...(await inspect(demo, till, each)));
    const told = sumOf(customers, (each) => each.told.size);
    return { kills, faults, told, repeats: sumOf(customers, ({ repeats }) => repeats), violations };
  } finally {
    await demo.stop();
  }
}

function sumOf(customers: readonly Customers[], of: (each: Customers) => number): number {
  return customers.reduce((sum, each) => sum + of(each), 0);
}

/** A POS at one till: sells one made-up document after the other, and keeps what it was told. */
class Customers {
  readonly told = new Map<string, Told>();
  repeats = 0;
  readonly #door: TerminalDoor;
  readonly #random: Prng;
  readonly #seed: number;

  constructor(url: string, seed: number) {
    this.#seed = seed;
    this.#random = prng(seed);
    const onRetry = () => {
      this.repeats++;
    };
    this.#door = new TerminalDoor({ url }, { clock: systemClock, patienceMs: PATIENCE_MS, onRetry, signal: undefined });
  }

  async run(isOver: () => boolean): Promise<void> {
    const share = Math.floor(MOST_DOCUMENTS / 10);
    const counts = { orders: MOST_DOCUMENTS, transactions: share, inventory: share };
    const documents = seededDocuments({ seed: this.#seed, ...counts, startDate: "2026-01-16" });
    try {
      await this.#door.ask("POST", "/api/shifts/open", {
        localId: `shift-${this.#seed}`,
        operator: "Amina",
        businessDate: "2026-01-16",
      });
      for (const document of documents) {
        if (isOver()) break;
        await this.#sell(document);
        await pause(this.#random.whole(0, BETWEEN_CUSTOMERS_MS));
      }
      await this.#door.ask("POST", "/api/shifts/close", {}).catch(refusedBecauseItWasDone);
    } finally {
      await this.#door.close();
    }
  }

  async #sell({ kind, draft }: ImportedDocument): Promise<void> {
    const { body } = await this.#door.ask("POST", PATHS[kind], draft);
    const { receiptNumber, totalMinor } = body;
    this.told.set(draft.localId, {
      kind,
      receiptNumber: typeof receiptNumber === "string" ? receiptNumber : null,
      totalMinor: typeof totalMinor === "number" ? totalMinor : null,
    });
  }
}

const PATHS = { order: "/api/orders", transaction: "/api/transactions", inventory: "/api/inventory" } as const;

/** A close whose answer was lost is sent again and finds no shift. */
function refusedBecauseItWasDone(error: unknown): void {
  if ((error as { code?: unknown }).code !== "SHIFT_NOT_OPEN") throw error;
}

/**
 * Who was killed while it started is left alone until it has served: on a slow machine, where a start takes longer than the
 * time between two kills, it would else never come to serve, and every kill after the first would prove nothing.
 */
async function killAtRandom(
  demo: Demo,
  random: Prng,
  run: { readonly kills: number; readonly onProgress: (text: string) => void; readonly sold: () => number },
): Promise<void> {
  const victims: [Child, ...Child[]] = [demo.server, ...demo.tills];
  const killedAtStart = new Set<Child>();
  for (let kill = 0; kill < run.kills; ) {
    await pause(random.whole(0, BETWEEN_KILLS_MS));
    const victim = random.pick(victims);
    const { isServing } = victim;
    // A shop that sold nothing between two kills has shown nothing.
    const soldNothing = run.sold() <= kill + 1;
    if (soldNothing || (!isServing && killedAtStart.has(victim))) continue;
    if (!victim.kill()) continue;
    if (isServing) killedAtStart.delete(victim);
    else killedAtStart.add(victim);
    kill++;
    if (kill % 10 === 0) run.onProgress(`${kill} of ${run.kills} kills, ${run.sold()} documents sold`);
  }
}

/** One fault of the link after the other. @returns how many there were */
async function breakLink({ link }: Demo, random: Prng, isOver: () => boolean): Promise<number> {
  const direction = (): Direction => random.pick<Direction>(["up", "down"]);
  let faults = 0;
  for (; !isOver(); faults++) {
    random.pick([
      () => link.cut(),
      () => link.stall(),
      () => link.delay(random.whole(1, 200)),
      () => link.cutAfterBytes(random.whole(0, 3000), direction()),
      () => link.cutAfterBytes(random.whole(0, 300), "down"),
    ])();
    await pause(random.whole(0, BETWEEN_FAULTS_MS));
    link.heal();
    await pause(random.whole(0, BETWEEN_FAULTS_MS));
  }
  return faults;
}

/** Both sides equal, and everything the POS was told exactly once on each, with its number and its money. */
async function inspect({ home }: Demo, till: number, { told }: Customers): Promise<string[]> {
  const { terminal, key, dataDir, shortId } = home.terminals[till] ?? {
    terminal: "",
    key: "",
    dataDir: "",
    shortId: "",
  };
  const file = join(dataDir, "till.db");
  const centre = { url: home.centreUrl, key };
  const result = await verify({ file, centre });
  const violations = result.differences.map(({ seq, what, detail }) => `${shortId} ${seq}: ${what}: ${detail}`);
  if (!result.equal && violations.length === 0) violations.push(`${shortId}: the two sides differ`);
  const onTill = journalCounts(file);
  const atCentre = await centreCounts(centre, terminal);
  const numbers = new Set<string>();
  for (const [localId, { kind, receiptNumber, totalMinor }] of told) {
    const expected = kind === "order" ? `order ${receiptNumber} ${totalMinor}` : kind;
    const there = atCentre.get(localId)?.join(", ") ?? "nothing";
    if (there !== expected) violations.push(`${shortId} ${localId}: told "${expected}", the centre has "${there}"`);
    if (onTill.get(localId) !== 1)
      violations.push(`${shortId} ${localId}: ${onTill.get(localId) ?? 0} times in the journal`);
    if (receiptNumber === null) continue;
    if (numbers.has(receiptNumber)) violations.push(`${shortId}: ${receiptNumber} was told twice`);
    numbers.add(receiptNumber);
  }
  return violations;
}

function journalCounts(file: string): Map<string, number> {
  const db = readOnly(file);
  const rows = db.all<{ localId: string; count: number }>(
    "SELECT local_id AS localId, count(*) AS count FROM journal GROUP BY local_id",
  );
  db.close();
  return new Map(rows.map(({ localId, count }) => [localId, count]));
}

/** What the centre has of each document, as words: one entry per stored change. */
async function centreCounts(centre: { url: string; key: string }, terminal: string): Promise<Map<string, string[]>> {
  const ledger = openLedger(centre, terminal);
  const life = await ledger.newestLife();
  const found = new Map<string, string[]>();
  if (life !== undefined) {
    for (const { localId, kind, effect, document } of await ledger.rows(life, {
      fromSeq: 1,
      toSeq: life.durableThrough,
    })) {
      const entity = kind?.slice(0, kind.indexOf(".")) ?? "";
      const words = entity === "order" ? `order ${document?.receiptNumber} ${document?.totalMinor}` : entity;
      const entry = effect === "applied" ? words : `${words} ${effect}`;
      found.set(localId ?? "", [...(found.get(localId ?? "") ?? []), entry]);
    }
  }
  return found;
}
