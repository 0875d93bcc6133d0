import { PACES, type Pace, type Profile } from "@tillsync/lanes";
import { CHAIN_START, type Kind, LIMITS, printedTerminal, SyncError } from "@tillsync/protocol";
import { explain } from "./explain.ts";
import { closeShift, openShift, recordInventory, recordTransaction } from "./facts.ts";
import { Journal, type Life } from "./journal.ts";
import { Loop } from "./loop.ts";
import { closeOrder, editOrder, endOrder, payOrder } from "./orders.ts";
import type { Ports, Sql } from "./ports.ts";
import { type Desk, type Present, Recording } from "./recording.ts";
import { orderView, statusOf } from "./status.ts";
import type { OrderView, Shift, Terminal, TerminalEvent, TerminalStatus, TerminalTransaction } from "./verbs.ts";

/** Who this terminal is, and how its shop works. */
export interface TerminalSettings {
  /** 004 `deviceId`: a UUID made once. */
  readonly terminal: string;
  /** What people and receipts call it; unique in its store. */
  readonly shortId: string;
  /** Code of the store. */
  readonly store: string;
  /** ISO 4217. */
  readonly currency: string;
  /** IANA name; business dates default to the calendar there. Default UTC. */
  readonly timeZone?: string;
  /** Default `continuous`. */
  readonly profile?: Profile;
  /** Overrides the profile's interval, milliseconds. */
  readonly intervalMs?: number;
  /** Changes in one exchange at most; default and ceiling `LIMITS.maxBatchChanges`. */
  readonly maxBatchChanges?: number;
  /** Failures in a row after which `status` raises its badge (001 `MaxRetryAttempts`); nothing stops. Default 3. */
  readonly badgeAfter?: number;
  /** Overrides the profile's slow period, milliseconds. */
  readonly slowMs?: number;
}

/** Kinds whose recording is a reason to exchange at once; design section 2 `pushAtOnce`. */
const PUSH_AT_ONCE: Readonly<Record<Profile, readonly Kind[]>> = {
  shift: ["shift.opened", "shift.closed"],
  continuous: ["order.closed", "shift.opened", "shift.closed"],
  live: ["order.closed", "order.edited", "transaction.recorded", "inventory.updated", "shift.opened", "shift.closed"],
};

/**
 * Starts a terminal on the given ports. `openTerminal` does it with the real ones; the simulator brings its own.
 *
 * @throws SyncError CONFIG_INVALID when the database belongs to another terminal
 */
export function startTerminal(settings: TerminalSettings, ports: Ports): Terminal {
  return new RunningTerminal(settings, ports);
}

class RunningTerminal implements Terminal {
  readonly #settings: TerminalSettings;
  readonly #ports: Ports;
  readonly #journal: Journal;
  readonly #loop: Loop;
  readonly #profile: Profile;
  readonly #listeners = new Set<(event: TerminalEvent) => void>();
  #lives: readonly Life[] = [];
  /** Closed orders: all, and those the centre has. Counted once at open and kept, because counting history costs. */
  #orders = { total: 0, durable: 0 };
  #present: Present;
  #stopped: SyncError | null = null;

  constructor(settings: TerminalSettings, ports: Ports) {
    this.#settings = settings;
    this.#ports = ports;
    this.#journal = new Journal(settings.terminal, ports);
    this.#profile = settings.profile ?? "continuous";
    ensureIdentity(settings, ports);
    ensureLife(this.#journal, ports);
    this.#present = this.#load();
    this.#loop = new Loop({
      ports,
      journal: this.#journal,
      pace: paceOf(settings, this.#profile),
      maxBatchChanges: settings.maxBatchChanges ?? LIMITS.maxBatchChanges,
      lives: () => this.#lives,
      commit: (fn) => this.#commit(fn),
      onChange: () => this.#tell(),
    });
    this.#loop.start();
  }

  transaction<T>(fn: (tx: TerminalTransaction) => T): T {
    this.#assertRunning();
    let recording: Recording | undefined;
    let result: T | undefined;
    try {
      result = this.#ports.store.transaction((tx) => {
        recording = new Recording(this.#desk(), tx, this.#present);
        result = fn(this.#verbs(recording));
        return result;
      });
    } catch (error) {
      if (!(error instanceof SyncError && error.code === "COMMIT_UNKNOWN")) throw error;
      this.#resolve(error, recording);
    }
    if (recording) this.#adopt(recording);
    return result as T;
  }

  /** A commit error is neither sold nor not sold: reopen, look the change up by its place and hash, then answer. */
  #resolve(error: SyncError, recording: Recording | undefined): void {
    const last = recording?.recorded.at(-1);
    try {
      this.#ports.store.reopen();
      this.#present = this.#load();
    } catch (cause) {
      this.#stop(
        new SyncError(
          "TERMINAL_STOPPED",
          "The till's database cannot be read back after an error; restart the till before selling on.",
          {},
          cause,
        ),
      );
      throw error;
    }
    if (last === undefined) throw error;
    if (this.#journal.hashAt(this.#present.head.ordinal, last.seq) === last.hash) return;
    throw new SyncError(
      "NOT_SOLD",
      "The till's database refused the sale and nothing was recorded; try again.",
      { localId: last.localId },
      error,
    );
  }

  #adopt(recording: Recording): void {
    const { head } = recording.present;
    const wrote = head.seq !== this.#present.head.seq;
    this.#present = recording.present;
    if (!wrote) return;
    const closed = recording.recorded.filter(({ kind }) => kind === "order.closed").length;
    this.#orders = { ...this.#orders, total: this.#orders.total + closed };
    this.#lives = this.#lives.map((life) =>
      life.ordinal === head.ordinal ? { ...life, headSeq: head.seq, headHash: head.hash } : life,
    );
    this.#ports.witness.write(head);
    if (recording.recorded.some(({ kind }) => kind === "shift.closed")) this.#ports.witness.flush();
    for (const recorded of recording.recorded) this.#emit({ type: "recorded", recorded });
    const urgent = recording.recorded.map(({ kind }) => kind);
    if (urgent.includes("shift.opened") || urgent.includes("shift.closed")) this.#flushQuietly();
    else if (urgent.some((kind) => PUSH_AT_ONCE[this.#profile].includes(kind))) this.#loop.nudge();
    this.#tell();
  }

  /** Shift open and close send everything at once; nobody waits for it. */
  #flushQuietly(): void {
    void this.#loop.flush();
  }

  /** A transaction of the loop's own. */
  #commit(fn: (tx: Sql) => void): void {
    try {
      this.#ports.store.transaction(fn);
    } catch (error) {
      if (!(error instanceof SyncError && error.code === "COMMIT_UNKNOWN")) throw error;
      this.#resolve(error, undefined);
    } finally {
      if (!this.#stopped) this.#reloadLives();
    }
  }

  /** Reads the lives back and counts the orders that the marks have passed since. */
  #reloadLives(): void {
    const before = this.#lives;
    this.#lives = this.#journal.lives();
    let durable = this.#orders.durable;
    for (const { ordinal, durableThrough } of this.#lives) {
      const was = before.find((life) => life.ordinal === ordinal)?.durableThrough ?? 0;
      if (durableThrough > was) durable += this.#journal.closedOrders(ordinal, was, durableThrough);
      else if (durableThrough < was) durable -= this.#journal.closedOrders(ordinal, durableThrough, was);
    }
    this.#orders = { ...this.#orders, durable };
  }

  #load(): Present {
    this.#lives = this.#journal.lives();
    const total = this.#journal.allClosedOrders();
    const waiting = this.#lives.map(({ ordinal, durableThrough, headSeq }) =>
      this.#journal.closedOrders(ordinal, durableThrough, headSeq),
    );
    this.#orders = { total, durable: total - waiting.reduce((sum, count) => sum + count, 0) };
    const life = this.#lives.at(-1);
    if (life === undefined)
      throw new SyncError("JOURNAL_BROKEN", "The journal has no life; the database was not set up.");
    const { ordinal, incarnation, headSeq, headHash } = life;
    const row = this.#ports.store.read.get<Shift & { ordinal: number }>(
      `SELECT local_id AS localId, operator, business_date AS businessDate, opened_at AS openedAt, closed_at AS closedAt,
         ordinal, open_seq AS openSeq, close_seq AS closeSeq FROM shift WHERE closed_at IS NULL ORDER BY opened_at DESC LIMIT 1`,
    );
    // A shift that was opened in an earlier life goes on in this one from its first change.
    const shift = row ? { ...row, openSeq: row.ordinal === ordinal ? row.openSeq : 1 } : null;
    const businessDate = shift?.businessDate;
    const receipt =
      businessDate === undefined ? null : { businessDate, sequence: this.#journal.lastReceipt(ordinal, businessDate) };
    return { head: { ordinal, incarnation, seq: headSeq, hash: headHash }, shift, receipt };
  }

  #desk(): Desk {
    const { currency, shortId, timeZone = "UTC" } = this.#settings;
    const { incarnation, ordinal } = this.#present.head;
    const incarnationOf = (of: number) => this.#lives.find((life) => life.ordinal === of)?.incarnation ?? incarnation;
    const printed = printedTerminal(shortId, incarnation, ordinal);
    return { journal: this.#journal, clock: this.#ports.clock, currency, timeZone, incarnationOf, printed };
  }

  #verbs(recording: Recording): TerminalTransaction {
    return {
      sql: recording.tx,
      closeOrder: (draft) => closeOrder(recording, draft),
      editOrder: (edit) => editOrder(recording, edit),
      payOrder: (payment) => payOrder(recording, payment),
      voidOrder: (end) => endOrder(recording, "order.voided", end),
      deleteOrder: (end) => endOrder(recording, "order.deleted", end),
      recordTransaction: (draft) => recordTransaction(recording, draft),
      recordInventory: (draft) => recordInventory(recording, draft),
      openShift: (opening) => openShift(recording, opening, () => this.#ports.ids.next()),
      closeShift: (closing) => closeShift(recording, closing),
    };
  }

  closeOrder: Terminal["closeOrder"] = (draft) => this.transaction((tx) => tx.closeOrder(draft));
  editOrder: Terminal["editOrder"] = (edit) => this.transaction((tx) => tx.editOrder(edit));
  payOrder: Terminal["payOrder"] = (payment) => this.transaction((tx) => tx.payOrder(payment));
  voidOrder: Terminal["voidOrder"] = (end) => this.transaction((tx) => tx.voidOrder(end));
  deleteOrder: Terminal["deleteOrder"] = (end) => this.transaction((tx) => tx.deleteOrder(end));
  recordTransaction: Terminal["recordTransaction"] = (draft) => this.transaction((tx) => tx.recordTransaction(draft));
  recordInventory: Terminal["recordInventory"] = (draft) => this.transaction((tx) => tx.recordInventory(draft));
  openShift: Terminal["openShift"] = (opening) => this.transaction((tx) => tx.openShift(opening));
  closeShift: Terminal["closeShift"] = (closing) => this.transaction((tx) => tx.closeShift(closing));

  order(localId: string): OrderView | undefined {
    return orderView({ journal: this.#journal, store: this.#ports.store, lives: this.#lives }, localId);
  }

  openOrders(): readonly OrderView[] {
    const rows = this.#ports.store.read.all<{ localId: string }>(
      "SELECT local_id AS localId FROM open_order ORDER BY local_id",
    );
    return rows.flatMap(({ localId }) => this.order(localId) ?? []);
  }

  shift(): Shift | null {
    return this.#present.shift;
  }

  status(): TerminalStatus {
    const { terminal, shortId, store } = this.#settings;
    const { read } = this.#ports.store;
    const exceptions = this.#stopped
      ? 0
      : (read.get<{ count: number }>("SELECT count(*) AS count FROM exception")?.count ?? 0);
    const lane = this.#loop.state;
    const failed = this.#stopped ? 0 : this.#failedOrders();
    return statusOf({
      terminal,
      shortId,
      store,
      lives: this.#lives,
      shift: this.#present.shift,
      lane,
      exceptions,
      badgeAfter: this.#settings.badgeAfter ?? 3,
      orders: { ...this.#orders, failed },
      stopped: this.#stopped,
      nextAttemptAt: this.#ports.clock.wallMs() + (lane.dueAtMs - this.#ports.clock.monotonicMs()),
    });
  }

  #failedOrders(): number {
    const sql =
      "SELECT count(*) AS count FROM exception e JOIN journal j ON j.position = e.position WHERE j.kind = 'order.closed'";
    return this.#ports.store.read.get<{ count: number }>(sql)?.count ?? 0;
  }

  explain: Terminal["explain"] = (key) =>
    explain({ journal: this.#journal, store: this.#ports.store, lives: this.#lives, lane: this.#loop.state }, key);

  syncNow: Terminal["syncNow"] = () => this.#loop.flush();

  subscribe(listener: (event: TerminalEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(graceMs = 5_000): Promise<void> {
    await this.#loop.stop(graceMs);
    if (!this.#stopped) this.#ports.witness.flush();
    this.#stopped ??= new SyncError("TERMINAL_STOPPED", "The terminal was closed.");
    this.#ports.witness.close();
    this.#ports.store.close();
  }

  #stop(reason: SyncError): void {
    this.#stopped = reason;
    void this.#loop.stop(0);
    this.#tell();
  }

  #assertRunning(): void {
    if (this.#stopped) throw this.#stopped;
  }

  #tell(): void {
    if (this.#listeners.size > 0) this.#emit({ type: "status", status: this.status() });
  }

  #emit(event: TerminalEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function paceOf(settings: TerminalSettings, profile: Profile): Pace {
  const { intervalMs, slowMs } = PACES[profile];
  return { intervalMs: settings.intervalMs ?? intervalMs, slowMs: settings.slowMs ?? slowMs };
}

function ensureIdentity({ terminal, shortId, store }: TerminalSettings, ports: Ports): void {
  const kept = ports.store.read.get<{ terminal: string }>("SELECT terminal FROM identity");
  if (kept === undefined) {
    ports.store.transaction((tx) =>
      tx.run("INSERT INTO identity (only, terminal, short_id, store) VALUES (1, ?, ?, ?)", terminal, shortId, store),
    );
  } else if (kept.terminal !== terminal) {
    throw new SyncError(
      "CONFIG_INVALID",
      `This database belongs to terminal ${kept.terminal}, not to ${terminal}; give each terminal a folder of its own.`,
      {
        field: "terminal",
        expected: kept.terminal,
        got: terminal,
      },
    );
  }
}

/**
 * Begins the first life of a new database, or the next one of a database that was rolled back: a witness ahead of it
 * knows of changes that it no longer has, and going on would give their numbers away again (design section 1).
 */
function ensureLife(journal: Journal, ports: Ports): void {
  const present = journal.lives().at(-1);
  const witnessed = ports.witness.read();
  if (present && !isAhead(present, witnessed, journal)) return;
  const ordinal = (present?.ordinal ?? 0) + 1;
  const incarnation = ports.ids.hex(16);
  const reason = present ? "the witness was ahead of the database" : "first start";
  ports.store.transaction((tx) => {
    tx.run(
      "INSERT INTO life (ordinal, incarnation, durable_hash, reason) VALUES (?, ?, unhex(?), ?)",
      ordinal,
      incarnation,
      CHAIN_START,
      reason,
    );
    if (present) recordRebirth(tx, journal, { ports, present, ordinal, incarnation, reason });
  });
}

function isAhead(present: Life, witnessed: ReturnType<Ports["witness"]["read"]>, journal: Journal): boolean {
  if (witnessed === undefined || witnessed.incarnation !== present.incarnation) return false;
  if (witnessed.seq > present.headSeq) return true;
  return journal.hashAt(present.ordinal, witnessed.seq) !== witnessed.hash;
}

function recordRebirth(
  tx: Sql,
  journal: Journal,
  birth: { ports: Ports; present: Life; ordinal: number; incarnation: string; reason: string },
): void {
  const { ports, present, ordinal, incarnation, reason } = birth;
  const occurredAt = new Date(ports.clock.wallMs()).toISOString();
  const draft = {
    kind: "terminal.reborn",
    localId: incarnation,
    version: 1,
    shiftId: undefined,
    businessDate: occurredAt.slice(0, 10),
    occurredAt,
    payload: { parent: present.incarnation, parentSeq: present.headSeq, parentHash: present.headHash, reason },
  } as const;
  journal.append(tx, { ordinal, incarnation, seq: 0, hash: CHAIN_START }, draft);
}
