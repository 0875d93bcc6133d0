import { SyncError } from "@tillsync/protocol";
import type { DiskTill, Told } from "./disk-till.ts";
import type { FailingCall } from "./failing-calls.ts";
import type { DiskOrders } from "./interposer.ts";

/** Sales after the fault that have to be possible, or to be refused for a reason. */
const AFTERWARDS = 3;
/** More than any shift needs to come to the call that fails. */
const MAX_SALES = 260;

/** One shift, with what the cashier was told and what was refused. */
export class FailingShift {
  readonly told: Told[] = [];
  readonly codes = new Set<string>();
  /** What was refused and not sold later: nobody may ever find it. */
  readonly unsold = new Set<string>();
  readonly violations: string[] = [];
  readonly #till: DiskTill;
  readonly #orders: DiskOrders;
  readonly #failing: FailingCall;
  readonly #nth: number;

  constructor(till: DiskTill, orders: DiskOrders, failing: FailingCall, nth: number) {
    this.#till = till;
    this.#orders = orders;
    this.#failing = failing;
    this.#nth = nth;
  }

  get struck(): boolean {
    return (this.#orders.counts().get(this.#failing.call) ?? 0) >= this.#nth;
  }

  async play(): Promise<void> {
    if (this.#failing.atStart) this.#arm();
    if (!this.#start()) return;
    this.#attempt("shift", () => {
      this.#till.terminal.openShift({ localId: "shift-1", operator: "Amina", businessDate: "2026-01-16" });
      return undefined;
    });
    if (!this.#failing.atStart) {
      this.#orders.heal();
      this.#arm();
    }
    let after = 0;
    for (let sale = 1; sale <= MAX_SALES && after < AFTERWARDS; sale++) {
      if (this.struck) after++;
      // A POS that got no answer, or a refusal, sends the same sale again.
      for (let attempt = 0; attempt < 2; attempt++) if (this.#sell(`sale-${sale}`)) break;
      if (sale % 5 === 0) await this.#till.settle(3);
    }
  }

  #arm(): void {
    const { call: kind, errno, times } = this.#failing;
    if (errno === "short" && (kind === "read" || kind === "write")) this.#orders.short(kind, this.#nth);
    else this.#orders.fail(kind, this.#nth, Number(errno), times);
  }

  /** A start may fail for the disk; it says why, leaves nothing behind, and the next one works. */
  #start(): boolean {
    try {
      this.#till.start();
      return true;
    } catch (error) {
      this.#refused("the start", error);
      return false;
    }
  }

  #sell(localId: string): boolean {
    return this.#attempt(localId, () => this.#till.sell(1, localId));
  }

  #attempt(what: string, act: () => Told | undefined): boolean {
    try {
      const recorded = act();
      if (recorded) this.#note(recorded);
      return true;
    } catch (error) {
      this.#refused(what, error);
      return false;
    }
  }

  /** What was answered is there, now and with this content: nothing is printed without its row. */
  #note(recorded: Told): void {
    const row = this.#till.store.read.get<{ hash: string }>(
      "SELECT lower(hex(hash)) AS hash FROM journal WHERE local_id = ?",
      recorded.localId,
    );
    if (row?.hash !== recorded.hash) this.violations.push(`${recorded.localId} was told and is not there`);
    this.unsold.delete(recorded.localId);
    this.told.push(recorded);
  }

  #refused(what: string, error: unknown): void {
    const code = error instanceof SyncError ? error.code : String((error as { code?: unknown }).code ?? error);
    this.codes.add(code);
    if (code === "NOT_SOLD" || code === "STORE_FULL") {
      this.unsold.add(what);
      this.#till.tellUnsold(what);
    }
    if (!(error instanceof SyncError)) this.violations.push(`${what} fails with no code of ours: ${String(error)}`);
    // Neither sold nor unknown: then nothing of it may be there.
    if (what === "the start" || (code !== "NOT_SOLD" && code !== "STORE_FULL")) return;
    const sql = "SELECT 1 AS found FROM journal WHERE local_id = ?";
    if (this.#till.store.read.get(sql, what)) this.violations.push(`${what} was refused (${code}) and is there`);
  }
}
