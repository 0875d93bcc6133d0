import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OrderView, Recorded, ShiftSummary, TerminalStatus } from "@tillsync/engine";
import { FaultProxy } from "../demo/fault-proxy.ts";
import { askJson } from "../http-door.ts";
import { untilStatus } from "./status-stream.ts";
import { TillsyncProcess } from "./tillsync-process.ts";

export interface RealTillOptions {
  readonly shortId: string;
  readonly terminal: string;
  readonly key: string;
  /** A folder of its own. */
  readonly folder: string;
  readonly centreUrl: string;
  /** Section `Sync` of its configuration. */
  readonly sync: Readonly<Record<string, string | number>>;
}

/** What every sale of a script costs: two loaves of bread. */
export const SALE_MINOR = 12_000;
const SALE = {
  lines: [{ item: "bread", quantity: "2", unitPrice: "60.00" }],
  tenders: [{ type: "cash", amountMinor: SALE_MINOR }],
};
/** On a machine that does many other things. */
const PATIENCE_MS = 30_000;

/** `tillsync terminal` as a process of its own, with its way to the centre in the test's hands. */
export class RealTill {
  readonly link: FaultProxy;
  readonly terminal: string;
  readonly #options: RealTillOptions;
  #process: TillsyncProcess | undefined;
  #url = "";
  #made = 0;

  private constructor(options: RealTillOptions, link: FaultProxy) {
    this.#options = options;
    this.link = link;
    this.terminal = options.terminal;
  }

  /** Sets it up; it is not started yet. */
  static async at(options: RealTillOptions): Promise<RealTill> {
    const link = await FaultProxy.open({ target: { port: Number(new URL(options.centreUrl).port) } });
    mkdirSync(options.folder, { recursive: true });
    writeFileSync(join(options.folder, "tillsync.config.json"), JSON.stringify({ Sync: options.sync }));
    return new RealTill(options, link);
  }

  get process(): TillsyncProcess {
    if (this.#process === undefined) throw new Error(`till ${this.#options.shortId} was not started`);
    return this.#process;
  }

  /** Starts the application and waits until it serves. */
  async start(): Promise<void> {
    const process = this.another();
    this.#process = process;
    await process.said('"ready"');
    this.#url = (JSON.parse(process.stdout.split("\n")[0] ?? "{}") as { ready: string }).ready;
  }

  /** One more process on the same database, as when somebody starts the till twice. */
  another(): TillsyncProcess {
    const { shortId, terminal, key, folder } = this.#options;
    const config = join(folder, "tillsync.config.json");
    const who = ["--short-id", shortId, "--id", terminal, "--data-dir", folder];
    return new TillsyncProcess(
      ["terminal", ...who, "--config", config, "--central", this.link.url, "--port", "0", "--json"],
      {
        env: { TILLSYNC_KEY: key },
      },
    );
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.ended();
  }

  /** Somebody closes the application. */
  async stop(): Promise<void> {
    this.process.kill("SIGTERM");
    await this.process.ended();
  }

  /** However the test ended. */
  async dispose(): Promise<void> {
    if (this.#process !== undefined) {
      this.#process.kill("SIGCONT");
      await this.kill();
    }
    await this.link.close();
  }

  // ---- Buttons -----------------------------------------------------------------------------------------------------

  openShift(operator: string, businessDate?: string): Promise<unknown> {
    return this.#post("/api/shifts/open", { operator, ...(businessDate === undefined ? {} : { businessDate }) });
  }

  closeShift(): Promise<unknown> {
    return this.#post("/api/shifts/close", {});
  }

  /** So many sales, one after the other, as a POS posts them. */
  async sell(count = 1, over: object = {}): Promise<Recorded[]> {
    const told: Recorded[] = [];
    for (let sale = 0; sale < count; sale++) {
      const localId = `${this.#options.shortId}-${++this.#made}`;
      told.push(await this.#post<Recorded>("/api/orders", { localId, ...SALE, ...over }));
    }
    return told;
  }

  record(order: object): Promise<Recorded> {
    return this.#post("/api/orders", order);
  }

  // ---- What can be seen --------------------------------------------------------------------------------------------

  status(): Promise<TerminalStatus> {
    return askJson({ url: this.#url }, "GET", "/api/status");
  }

  order(localId: string): Promise<OrderView> {
    return askJson({ url: this.#url }, "GET", `/api/orders/${localId}`);
  }

  until(
    what: string,
    done: (status: TerminalStatus) => boolean,
    { withinMs = PATIENCE_MS, seen = () => {} }: { withinMs?: number; seen?: (status: TerminalStatus) => void } = {},
  ): Promise<TerminalStatus> {
    return untilStatus(this.#url, `${this.#options.shortId}: ${what}`, done, { withinMs, seen });
  }

  /** The judgement of its latest shift, once head office has made one: each exchange may bring it. */
  async settled(): Promise<ShiftSummary["settlement"]> {
    for (;;) {
      const { lastSyncTimestamp: before } = await this.status();
      const { shifts } = await askJson<{ shifts: ShiftSummary[] }>({ url: this.#url }, "GET", "/api/shifts?limit=1");
      const [shift] = shifts;
      if (shift && shift.settlement.state !== "open" && shift.settlement.state !== "waiting") return shift.settlement;
      await this.until("another exchange", ({ lastSyncTimestamp }) => lastSyncTimestamp !== before);
    }
  }

  /** Nothing is left to send; nobody presses anything meanwhile. */
  drained(): Promise<TerminalStatus> {
    return this.until("all is sent", ({ pending }) => pending === 0);
  }

  /** As drained, and nothing goes on any more: a till that is new in its shop is told at once, page by page, what others did. */
  rested(): Promise<TerminalStatus> {
    return this.until("all is sent, and the next exchange is a while off", ({ pending, syncState, lanes: [lane] }) => {
      const waitMs = Date.parse(lane?.nextAttemptAt ?? "") - Date.now();
      return pending === 0 && syncState !== "Syncing" && waitMs > 500;
    });
  }

  #post<T>(path: string, body: object): Promise<T> {
    return askJson<T>({ url: this.#url }, "POST", path, body);
  }
}
