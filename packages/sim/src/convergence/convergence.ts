import { foldOrder, type JournalRow, type OrderState, type OtherRow } from "@tillsync/engine";
import { canonicalText, type LineEvent } from "@tillsync/protocol";
import { canFollow, type Standing } from "@tillsync/server/ingest";
import { Random } from "../random.ts";
import { type HeaderPart, headerPart, judgeHeaders, type MadeHeader, restamped } from "./headers.ts";

const STEPS = 60;
const DAY_MS = 24 * 60 * 60 * 1000;
const ORDERS = ["table-1", "table-2"];
const STATE_OF = {
  "order.edited": "open",
  "order.closed": "closed",
  "order.voided": "voided",
  "order.deleted": "deleted",
} as const;
type OrderKind = keyof typeof STATE_OF;

/** A terminal as far as orders go: its journal, what it was told, how far it has sent and heard. */
interface Till {
  readonly id: string;
  readonly offsetMs: number;
  readonly own: JournalRow[];
  readonly lost: Set<number>;
  others: OtherRow[];
  sent: number;
  heard: number;
  isUp: boolean;
  /** What it measured of the centre's clock; undefined until its first exchange. */
  measuredMs: number | undefined;
}

interface Told {
  readonly till: Till;
  readonly row: JournalRow;
  readonly effect: "applied" | "conflict";
}

/** What may be done wrong on purpose, to see that it is noticed. */
export interface Flaws {
  /** Answers are taken in the order in which they come, and an older one takes the place of a newer. */
  readonly lastEditWins?: boolean;
  readonly dropsTombstones?: boolean;
  /** Of a header, what a till hears of last stands. */
  readonly lastHeardHeaderWins?: boolean;
  /** An edit counts as made when its till's clock says, whatever its author saw. */
  readonly stampsByClockAlone?: boolean;
  /** Everything that a point of sale sends along of a header is written, changed or not. */
  readonly writesUnchanged?: boolean;
}

/**
 * One schedule of edits, payments and ends of the same orders on two to five terminals, whose clocks are up to a day off
 * and whose links come and go. What is decided is decided by the product: what an order is by the till's fold, what may
 * follow what by the centre's rule. In the end all of them must show the same, and nothing may be lost.
 *
 * @returns what was wrong
 */
export function runConvergence(seed: number, flaws: Flaws = {}): string[] {
  const random = new Random(`convergence ${seed}`);
  const tills = Array.from({ length: random.between(2, 5) }, (_, index) => newTill(index, random));
  const feed: Told[] = [];
  const standings = new Map<string, Standing>();
  const made: Made = { events: [], headers: [] };
  for (let step = 0; step < STEPS; step++) {
    const till = random.pick(tills);
    if (random.chance(0.2)) till.isUp = !till.isUp;
    if (random.chance(0.6)) act(till, { random, step, made, flaws });
    if (till.isUp && random.chance(0.5)) exchange(till, { feed, standings, flaws, limit: random.between(1, 9) });
  }
  // Everybody is back: what each has left is sent, then all of it is heard.
  for (const till of tills) exchange(till, { feed, standings, flaws, limit: Number.POSITIVE_INFINITY });
  for (const till of tills) exchange(till, { feed, standings, flaws, limit: Number.POSITIVE_INFINITY });
  return judge(tills, { feed, standings, made });
}

interface Made {
  readonly events: LineEvent[];
  readonly headers: MadeHeader[];
}

function newTill(index: number, random: Random): Till {
  const offsetMs = random.between(0, 2 * DAY_MS) - DAY_MS;
  return { id: `T0${index + 1}`, offsetMs, own: [], lost: new Set(), others: [], ...NEW };
}

const NEW = { sent: 0, heard: 0, isUp: true, measuredMs: undefined };

function orderAt(till: Till, localId: string): OrderState | undefined {
  const is = (row: { localId: string }) => row.localId === localId;
  return foldOrder(till.own.filter(is), till.others.filter(is), ({ position }) => till.lost.has(position));
}

interface Acting {
  readonly random: Random;
  readonly step: number;
  readonly made: Made;
  readonly flaws: Flaws;
}

/** A person does what the till lets them do with the order as it shows it. */
function act(till: Till, { random, step, made, flaws }: Acting): void {
  const localId = random.pick(ORDERS);
  const order = orderAt(till, localId);
  if (order !== undefined && order.state !== "open") return;
  const position = till.own.length + 1;
  const dice = random.float();
  const kind: OrderKind =
    order === undefined || dice < 0.75
      ? "order.edited"
      : dice < 0.87
        ? "order.closed"
        : dice < 0.94
          ? "order.deleted"
          : "order.voided";
  const events = kind === "order.edited" ? [eventOf(till, position, order, random)] : [];
  made.events.push(...events);
  const version = (order?.version ?? 0) + 1;
  const occurredAt = new Date(Date.UTC(2026, 0, 16) + step * 60_000 + till.offsetMs).toISOString();
  const changeId = `${till.id}-${position}`;
  const part = kind === "order.edited" ? headerOf(till, { localId, occurredAt, order, random, flaws }) : NOTHING;
  if (part.header !== undefined)
    made.headers.push({ localId, changeId, header: part.header, saw: order?.header ?? {} });
  const payload = kind === "order.edited" ? { currency: "KES", events, ...part } : endOf(till, kind, position, order);
  const businessDate = occurredAt.slice(0, 10);
  const body = canonicalText({ changeId, kind, localId, version, businessDate, occurredAt, payload });
  const rest = { hash: "", private: null, origin: null, retired: null };
  till.own.push({ position, kind, localId, version, businessDate, body, ...rest });
}

const NOTHING: HeaderPart = {};

interface Edited extends Pick<Acting, "random" | "flaws"> {
  readonly localId: string;
  readonly occurredAt: string;
  readonly order: OrderState | undefined;
}

function headerOf(till: Till, { localId, occurredAt, order, random, flaws }: Edited): HeaderPart {
  const known = [...till.own, ...till.others].filter((row) => row.localId === localId);
  const { measuredMs } = till;
  return headerPart({ random, flaws, known, occurredAt, measuredMs, localId, shown: order?.header ?? {} });
}

function eventOf(till: Till, position: number, order: OrderState | undefined, random: Random): LineEvent {
  const id = `${till.id}.${position * 1000}`;
  const line = order === undefined || order.lines.length === 0 ? undefined : random.pick(order.lines);
  if (line !== undefined && random.chance(0.25)) return { id, type: "void", line: line.id };
  const amountMinor = random.between(1, 500);
  return { id, type: "add", line: { id, item: "tea", quantity: "1", unitPrice: "1.00", amountMinor } };
}

function endOf(till: Till, kind: OrderKind, position: number, order: OrderState | undefined): object {
  if (kind !== "order.closed") return { reason: "mistake" };
  const { lines = [], totalMinor = 0 } = order ?? {};
  const receiptNumber = `${till.id}-20260116-${String(position).padStart(5, "0")}`;
  const tenders = [{ type: "cash", amountMinor: totalMinor }];
  return { documentType: "sale", receiptNumber, currency: "KES", lines, tenders, totalMinor };
}

interface Centre {
  readonly feed: Told[];
  readonly standings: Map<string, Standing>;
  readonly flaws: Flaws;
  /** Changes and entries that this exchange carries. */
  readonly limit: number;
}

/** The entries that an answer brings are of before what the request brings, as at the centre. */
function exchange(till: Till, { feed, standings, flaws, limit }: Centre): void {
  const entries = feed.slice(till.heard, till.heard + limit);
  for (const row of till.own.slice(till.sent, till.sent + limit)) {
    const standing = standings.get(row.localId);
    const next = { state: STATE_OF[row.kind as OrderKind], version: row.version, contentHash: null };
    const isApplied = canFollow(standing, next, till.id);
    if (isApplied) standings.set(row.localId, { ...next, terminal: till.id });
    feed.push({ till, row, effect: isApplied ? "applied" : "conflict" });
    till.sent++;
  }
  for (const entry of entries) hear(till, entry, flaws);
  till.heard += entries.length;
  till.measuredMs = -till.offsetMs;
}

function hear(till: Till, { till: from, row, effect }: Told, flaws: Flaws): void {
  if (from === till) {
    if (effect === "conflict") till.lost.add(row.position);
    return;
  }
  const { kind, localId, version, businessDate, body, position: seq } = row;
  if (flaws.dropsTombstones === true && kind === "order.deleted") return;
  if (flaws.lastEditWins === true && kind === "order.edited")
    till.others = till.others.filter((other) => other.localId !== localId || other.kind !== "order.edited");
  const heard = flaws.lastHeardHeaderWins === true ? restamped(body, till.others.length) : body;
  till.others.push({
    ...{ terminal: from.id, incarnation: "", seq, kind, localId, version, businessDate, effect },
    body: heard,
  });
}

function judge(
  tills: readonly Till[],
  { feed, standings, made }: Pick<Centre, "feed" | "standings"> & { made: Made },
): string[] {
  const wrong: string[] = [];
  const written = tills.reduce((sum, till) => sum + till.own.length, 0);
  if (feed.length !== written) wrong.push(`${written} versions were written, ${feed.length} are kept at the centre`);
  for (const till of tills) {
    const kept = till.own.length + till.others.length;
    if (kept !== written) wrong.push(`${till.id} keeps ${kept} of ${written} versions`);
  }
  for (const localId of ORDERS) {
    const views = new Set(tills.map((till) => shown(till, localId)));
    if (views.size > 1) wrong.push(`${localId} looks different: ${[...views].join(" | ")}`);
    for (const till of tills) {
      const state = orderAt(till, localId)?.state;
      if (state !== standings.get(localId)?.state)
        wrong.push(`${localId} is ${state} on ${till.id}, ${standings.get(localId)?.state} at the centre`);
    }
  }
  for (const till of tills) {
    const seen = new Set(ORDERS.flatMap((localId) => orderAt(till, localId)?.events.map(({ id }) => id) ?? []));
    const gone = made.events.filter(({ id }) => !seen.has(id));
    if (gone.length > 0) wrong.push(`${till.id} lost ${gone.map(({ id }) => id).join(", ")}`);
  }
  const applied = feed.filter(({ effect }) => effect === "applied").map(({ row }) => row);
  for (const localId of ORDERS) {
    const shows = new Map(tills.map((till) => [till.id, orderAt(till, localId)?.header ?? {}]));
    wrong.push(...judgeHeaders(localId, { shows, applied, made: made.headers }));
  }
  return wrong;
}

/** What a terminal shows, with its own name where it leaves that out. */
function shown(till: Till, localId: string): string {
  const order = orderAt(till, localId);
  if (order === undefined) return "unknown";
  const { state, version, lines, totalMinor, receiptNumber, events, alsoPaid = [] } = order;
  const receipts = alsoPaid.map((one) => `${one.receiptNumber} ${one.totalMinor} ${one.terminal ?? till.id}`).sort();
  return canonicalText({
    ...{ state, version, lines, totalMinor, receiptNumber, receipts },
    events: events.map(({ id }) => id).sort(),
  });
}
