import type { Profile } from "@tillsync/lanes";
import { LIMITS, printedTerminal, SyncError } from "@tillsync/protocol";
import { AskedRows } from "./asked-rows.ts";
import { AttemptLog } from "./attempt-log.ts";
import { businessDays } from "./business-day.ts";
import { cannotBeReadBack, isCode, notSold, testify } from "./commit-outcome.ts";
import { explain } from "./explain.ts";
import { historyOf } from "./history.ts";
import { Journal, type Life } from "./journal.ts";
import { difference, KindTally } from "./kind-tally.ts";
import { ensureLife } from "./life.ts";
import { Listeners } from "./listeners.ts";
import { Lineage } from "./lives/lineage.ts";
import { isSameHistory, Returns } from "./lives/returns.ts";
import { type Items, itemsOf } from "./modules/items.ts";
import type { Flush, Ports, Sql } from "./ports.ts";
import { DECIDING, FLUSHING, PUSH_AT_ONCE } from "./push.ts";
import { oldestWaiting, queueOf } from "./queue.ts";
import { reconcile } from "./receipts.ts";
import { type Desk, type Present, presentOf, Recording } from "./recording.ts";
import { type LookUp, lookUpIn } from "./records/look-up.ts";
import { retiredOf, retirementOf } from "./retirement/retirement.ts";
import { Schedule } from "./schedule.ts";
import { BADGE_AFTER, checkSettings, ensureIdentity, othersOf, paceOf, type TerminalSettings } from "./settings.ts";
import { Settlements } from "./settlement.ts";
import { ShiftReports } from "./shift-reports.ts";
import { takeSnapshot } from "./snapshot.ts";
import { exceptionCounts } from "./statistics.ts";
import { isDurable, openOrderViews, orderView, statusOf } from "./status.ts";
import { StorageWatch } from "./storage-watch.ts";
import { verbsOf } from "./transaction-verbs.ts";
import type { OrderView, Terminal, TerminalEvent, TerminalStatus, TerminalTransaction } from "./verbs.ts";

/**
 * Starts a terminal on the given ports. `openTerminal` does it with the real ones; the simulator brings its own.
 *
 * @throws SyncError CONFIG_INVALID for settings that cannot be, and when the database belongs to another terminal
 */
export function startTerminal(settings: TerminalSettings, ports: Ports): Terminal {
  return new RunningTerminal(settings, ports);
}

class RunningTerminal implements Terminal {
  readonly #settings: TerminalSettings;
  readonly #ports: Ports;
  readonly #journal: Journal;
  readonly #schedule: Schedule;
  readonly #settlements: Settlements;
  readonly #asked: AskedRows;
  readonly #profile: Profile;
  readonly #dayOf: (at: string) => string;
  readonly #reports: ShiftReports;
  readonly #listeners = new Listeners();
  readonly #storage: StorageWatch;
  readonly items: Items;
  readonly lookUp: LookUp;
  #lives: readonly Life[] = [];
  readonly #attempts: AttemptLog;
  #tally: KindTally;
  #present: Present;
  #stopped: SyncError | null = null;
  #closing: Promise<void> | null = null;

  constructor(settings: TerminalSettings, given: Ports) {
    this.#settings = settings;
    this.#storage = new StorageWatch(given, () => this.#tell());
    const ports = { ...given, store: this.#storage.store };
    this.#ports = ports;
    this.#journal = new Journal(settings.terminal, ports);
    this.#profile = settings.profile ?? "continuous";
    checkSettings(settings);
    ensureIdentity(settings, ports.store);
    this.#dayOf = businessDays(settings.timeZone ?? "UTC", settings.dayCutoffHour ?? 0);
    ensureLife(this.#journal, ports, this.#dayOf);
    this.#present = this.#load();
    const printed = { printedOf: this.#printedOf, incarnationOf: this.#incarnationOf };
    this.#reports = new ShiftReports({ journal: this.#journal, read: ports.store.read, ...printed });
    this.#tally = new KindTally(this.#journal, this.#lives);
    this.#attempts = new AttemptLog(ports.store, settings.retention);
    const lives = () => this.#lives;
    const own = { store: ports.store, sha256: ports.sha256, commit: (fn: (tx: Sql) => void) => this.#commit(fn) };
    this.#settlements = new Settlements(this.#journal, { ...own, lives });
    this.#asked = new AskedRows({ ...own, journal: this.#journal }, lives);
    const returns = new Returns(lives);
    this.#schedule = new Schedule({
      ports,
      journal: this.#journal,
      pace: paceOf(settings, this.#profile),
      others: othersOf(settings),
      maxBatchChanges: settings.maxBatchChanges ?? LIMITS.maxBatchChanges,
      lives,
      commit: (fn, flush) => this.#commit(fn, flush),
      onChange: () => this.#tell(),
      onAttempt: (attempt) => {
        this.#attempts.note(attempt, this.#lives);
        this.#emit({ type: "attempt", attempt });
      },
      onConnectivity: (from) => {
        this.#emit({ type: "connectivity", from, connectivity: this.#schedule.connectivity });
        this.#tell();
      },
      onStall: (stall) => {
        this.#emit({ type: "stalled", stall });
        this.#tell();
      },
      onReceipts: (life, told) => this.#reconcile(life, told),
      lineage: new Lineage({ ...own, journal: this.#journal, ports, dayOf: this.#dayOf, lives }),
      settlements: { next: () => returns.beside(this.#asked.beside(this.#settlements.next())) },
      maxSyncRetry: settings.maxSyncRetry,
      retirement: retirementOf(settings, this.#dayOf),
    });
    this.items = itemsOf(ports, settings.currency, () => this.#assertRunning());
    this.lookUp = lookUpIn(ports, this.#schedule.modules, () => this.#assertRunning());
    this.#schedule.start();
  }

  transaction<T>(fn: (tx: TerminalTransaction) => T): T {
    this.#assertRunning();
    let recording: Recording | undefined;
    let result: T | undefined;
    try {
      result = this.#ports.store.transaction((tx) => {
        recording = new Recording(this.#desk(), tx, this.#present);
        result = fn(verbsOf(recording, () => this.#ports.ids.next()));
        return result;
      });
    } catch (error) {
      if (isCode(error, "STORE_DAMAGED")) this.#stop(error);
      if (!isCode(error, "COMMIT_UNKNOWN")) throw error;
      this.#resolve(error, recording);
      if (recording) this.#announce(recording);
      return result as T;
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
      this.#tally = new KindTally(this.#journal, this.#lives);
    } catch (cause) {
      this.#stop(cannotBeReadBack(cause));
      throw error;
    }
    if (last === undefined) throw error;
    if (this.#journal.hashAt(this.#present.head.ordinal, last.seq) !== last.hash) throw notSold(last.localId, error);
  }

  /** A verb of ours can be run again: on a full disk it is, once the reserve has made room. */
  #verb<T>(fn: (tx: TerminalTransaction) => T, isClosing = false): T {
    try {
      return this.transaction(fn);
    } catch (error) {
      if (!isCode(error, "STORE_FULL") || !this.#storage.makeRoom(isClosing)) throw error;
      return this.transaction(fn);
    }
  }

  /** Keeps in memory what a commit has moved. */
  #adopt(recording: Recording): void {
    const { head } = recording.present;
    this.#present = recording.present;
    this.#tally.recorded(recording.recorded.map(({ kind }) => kind));
    this.#lives = this.#lives.map((life) =>
      life.ordinal === head.ordinal ? { ...life, headSeq: head.seq, headHash: head.hash } : life,
    );
    this.#announce(recording);
  }

  /** After the commit: the witness first, then everybody who listens, then the loop. None of them can undo the sale. */
  #announce(recording: Recording): void {
    if (recording.recorded.length === 0) return;
    testify(
      this.#ports.witness,
      this.#present.head,
      recording.recorded.some(({ kind }) => kind === "shift.closed"),
    );
    for (const { kind, localId } of recording.recorded) if (kind === "shift.closed") this.#settlements.closed(localId);
    for (const recorded of recording.recorded) this.#emit({ type: "recorded", recorded });
    const urgent = recording.recorded.map(({ kind }) => kind);
    if (urgent.some((kind) => FLUSHING.has(kind))) this.#flushQuietly(urgent.some((kind) => DECIDING.has(kind)));
    else if (urgent.some((kind) => PUSH_AT_ONCE[this.#profile].includes(kind))) this.#schedule.nudge();
    this.#tell();
  }

  /** Sends everything at once; nobody waits for it, and while the terminal closes nothing is sent. */
  #flushQuietly(andHearMore: boolean): void {
    const flush = () => this.#schedule.flush();
    flush()
      .then(({ left }) => (andHearMore && left === 0 ? flush() : undefined))
      .catch(() => {});
  }

  /** A transaction of the loop's own; what was attempted since the last one is written down in it. */
  #commit(fn: (tx: Sql) => void, flush?: Flush): void {
    try {
      this.#ports.store.transaction((tx) => {
        fn(tx);
        this.#attempts.write(tx);
      }, flush);
      this.#attempts.written();
    } catch (error) {
      if (!isCode(error, "COMMIT_UNKNOWN")) throw error;
      this.#resolve(error, undefined);
    } finally {
      if (!this.#stopped) this.#reloadLives();
    }
  }

  #reloadLives(): void {
    const before = this.#lives;
    this.#lives = this.#journal.lives();
    if (isSameHistory(before, this.#lives)) this.#tally.marked(before, this.#lives);
    else this.#readAnew();
  }

  /** A life began behind the one that was present, or rows of an earlier one came back. */
  #readAnew(): void {
    this.#present = this.#load();
    this.#tally = new KindTally(this.#journal, this.#lives);
    this.#reports.forget();
    this.#settlements.reread();
    testify(this.#ports.witness, this.#present.head, true);
  }

  #load(): Present {
    this.#lives = this.#journal.lives();
    return presentOf(this.#journal, this.#ports.store.read, this.#lives);
  }

  #desk(): Desk {
    const { currency } = this.#settings;
    const { ordinal } = this.#present.head;
    const askedAt = () => this.#schedule.modules.status().lastAskedAt;
    const own = { journal: this.#journal, clock: this.#ports.clock, currency, dayOf: this.#dayOf, askedAt };
    const ordinalOf = (of: string) => this.#lives.find((life) => life.incarnation === of)?.ordinal;
    const isDurableAt = (position: number) => isDurable(this.#lives, position);
    const lives = { incarnationOf: this.#incarnationOf, ordinalOf, isDurable: isDurableAt };
    return { ...own, ...lives, printed: this.#printedOf(ordinal), printedOf: this.#printedOf };
  }

  readonly #incarnationOf = (ordinal: number): string =>
    this.#lives.find((life) => life.ordinal === ordinal)?.incarnation ?? this.#present.head.incarnation;

  readonly #printedOf = (ordinal: number): string =>
    printedTerminal(this.#settings.shortId, this.#incarnationOf(ordinal), ordinal);

  #reconcile(life: Life, told: unknown): void {
    if (this.#stopped) return;
    const commit = (fn: (tx: Sql) => void) => this.#commit(fn);
    if (!reconcile(this.#journal, life, told, { commit, clock: this.#ports.clock })) return;
    this.#present = presentOf(this.#journal, this.#ports.store.read, this.#lives);
  }

  closeOrder: Terminal["closeOrder"] = (draft) => this.#verb((tx) => tx.closeOrder(draft));
  editOrder: Terminal["editOrder"] = (edit) => this.#verb((tx) => tx.editOrder(edit));
  payOrder: Terminal["payOrder"] = (payment) => this.#verb((tx) => tx.payOrder(payment));
  voidOrder: Terminal["voidOrder"] = (end) => this.#verb((tx) => tx.voidOrder(end));
  deleteOrder: Terminal["deleteOrder"] = (end) => this.#verb((tx) => tx.deleteOrder(end));
  recordTransaction: Terminal["recordTransaction"] = (draft) => this.#verb((tx) => tx.recordTransaction(draft));
  recordInventory: Terminal["recordInventory"] = (draft) => this.#verb((tx) => tx.recordInventory(draft));
  editCustomer: Terminal["editCustomer"] = (draft) => this.#verb((tx) => tx.editCustomer(draft));
  recordCash: Terminal["recordCash"] = (move) => this.#verb((tx) => tx.recordCash(move));
  openShift: Terminal["openShift"] = (opening) => this.#verb((tx) => tx.openShift(opening));
  closeShift: Terminal["closeShift"] = (closing) => this.#verb((tx) => tx.closeShift(closing), true);
  retryParked: Terminal["retryParked"] = (parked) => this.#verb((tx) => tx.retryParked(parked));
  discardParked: Terminal["discardParked"] = (parked) => this.#verb((tx) => tx.discardParked(parked));

  order(localId: string): OrderView | undefined {
    this.#assertRunning();
    return orderView(this.#shelf(), localId);
  }

  openOrders(): readonly OrderView[] {
    this.#assertRunning();
    return openOrderViews(this.#shelf());
  }

  shift: Terminal["shift"] = () => this.#present.shift;

  shiftReport: Terminal["shiftReport"] = () => this.#running(this.#reports).open(this.#present);
  shifts: Terminal["shifts"] = (limit = 20) =>
    this.#running(this.#reports).list(limit, this.#present, (localId) => this.#settlements.of(localId));
  receiptGaps: Terminal["receiptGaps"] = (day) => this.#running(this.#reports).receipts(day, this.#lives);

  #running<T>(part: T): T {
    this.#assertRunning();
    return part;
  }

  settlementOf: Terminal["settlementOf"] = (shift) => this.#running(this.#settlements).of(shift);

  modules: Terminal["modules"] = () => this.#running(this.#schedule.modules).status();
  snapshot: Terminal["snapshot"] = (file) => takeSnapshot(this.#running(this.#ports.store), file, () => this.#lives);

  status(): TerminalStatus {
    const { lane, connectivity, modules } = this.#schedule;
    return statusOf({
      settings: this.#settings,
      lives: this.#lives,
      shift: this.#present.shift,
      lane,
      connectivity,
      modules: modules.summary,
      exceptions: this.#stopped ? [] : exceptionCounts(this.#ports.store),
      tally: this.#tally,
      oldestAt: this.#stopped ? null : oldestWaiting(this.#journal, this.#lives),
      stopped: this.#stopped,
      storage: this.#storage.status,
      retired: this.#stopped ? { changes: 0, bytes: 0 } : retiredOf(this.#ports.store.read),
      nextAttemptAt: this.#nextAttemptAt(),
    });
  }

  /** Wall time, milliseconds. */
  #nextAttemptAt = () => this.#ports.clock.wallMs() + (this.#schedule.lane.dueAtMs - this.#ports.clock.monotonicMs());

  queue: Terminal["queue"] = (filter = {}) => {
    this.#assertRunning();
    const lane = { ...this.#schedule.lane, nextAttemptAt: this.#nextAttemptAt() };
    const maxRetries = this.#settings.badgeAfter ?? BADGE_AFTER;
    const besides = this.#settings.besides;
    return queueOf({ ...this.#shelf(), lane, inFlight: lane.inFlight, maxRetries, besides }, filter);
  };

  history: Terminal["history"] = (page = {}) => historyOf(this.#running(this.#shelf()), page);

  #shelf() {
    return { journal: this.#journal, store: this.#ports.store, lives: this.#lives, attempts: this.#attempts };
  }

  explain: Terminal["explain"] = (key) => explain({ ...this.#running(this.#shelf()), lane: this.#schedule.lane }, key);

  syncNow: Terminal["syncNow"] = async () => {
    const before = this.#tally.durable();
    const result = await this.#schedule.flush();
    return { ...result, sentByKind: difference(this.#tally.durable(), before), leftByKind: this.#tally.pending() };
  };

  repairRows: Terminal["repairRows"] = (rows) => {
    this.#assertRunning();
    this.#asked.ask(rows);
    this.#flushQuietly(true);
  };

  recall: Terminal["recall"] = (localId) =>
    this.#running(this.#asked.recall(localId, () => this.#schedule.flush()).then(() => this.order(localId)));

  subscribe: Terminal["subscribe"] = (listener) => this.#listeners.add(listener);

  close(graceMs = 5_000): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    this.#storage.stop();
    await this.#schedule.stop(graceMs);
    if (!this.#stopped) {
      testify(this.#ports.witness, this.#present.head, true);
      this.#attempts.end();
    }
    this.#stopped ??= new SyncError("TERMINAL_STOPPED", "The terminal was closed.");
    try {
      this.#ports.witness.close();
    } finally {
      this.#ports.store.close();
    }
  }

  #stop(reason: SyncError): void {
    this.#stopped = reason;
    void this.#schedule.stop(0);
    this.#tell();
  }

  #assertRunning(): void {
    if (this.#stopped) throw this.#stopped;
  }

  #tell(): void {
    if (this.#listeners.isEmpty) return;
    try {
      this.#emit({ type: "status", status: this.status() });
    } catch {
      // A database that cannot be read tells its trouble to the next verb; the loop must not end over a status.
    }
  }

  #emit(event: TerminalEvent): void {
    this.#listeners.tell(event);
  }
}
