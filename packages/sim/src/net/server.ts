import { sha256 } from "@tillsync/engine";
import {
  type ErrorCode,
  type ExchangeRequest,
  type ExchangeResponse,
  exchangeRequest,
  parseAs,
  SyncError,
} from "@tillsync/protocol";
import {
  type ExchangeContext,
  type IngestStore,
  interpretPending,
  mayShare,
  type Outcome,
  type Scope,
  type Submission,
} from "@tillsync/server/ingest";
import {
  giftsFor,
  hasToSettle,
  type SettlementContext,
  type SettlementStore,
  settleAfter,
  settleShift,
} from "@tillsync/server/settlement";
import type { CentreDatabase } from "../centre/database.ts";
import { type Owner, type Point, RARE_POINTS } from "../centre/session.ts";
import type { Chronicle } from "../chronicle.ts";
import type { Faults } from "../faults.ts";
import type { HeadOfficeData } from "../head-office-data.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import { type Submit, type SubmitAnswer, submitAnswer } from "./submit-door.ts";

/** An answer as it travels. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A request as it travels: our tills come through one door, devices of somebody else's and head office through another, probes through a third. */
export interface HttpRequest {
  readonly door: "exchange" | "submit" | "health" | "modules";
  /** The body; of a question about modules the path. */
  readonly text: string;
}

/** Who calls: what the key in the request says. */
export interface Caller {
  readonly scope: Scope;
  readonly terminal: string;
}

/** The ingest of the product, or a broken one. */
export type Exchange = (context: ExchangeContext, scope: Scope, request: ExchangeRequest) => Promise<ExchangeResponse>;

/** The same for exchanges that waited at the same moment. */
export type Together = (
  context: ExchangeContext,
  scope: Scope,
  requests: readonly ExchangeRequest[],
) => Promise<ExchangeResponse>[];

export interface ServerOptions {
  readonly name: string;
  readonly database: CentreDatabase;
  readonly data: HeadOfficeData | undefined;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly faults: Faults;
  readonly wallMs: () => number;
  readonly exchange: Exchange;
  /** Absent when every exchange has a transaction of its own. */
  readonly together: Together | undefined;
  readonly submit: Submit;
  /** What a broken variant puts between ingest and its database. */
  readonly wrapIngest: (store: IngestStore) => IngestStore;
  readonly wrapSettlements: (store: SettlementStore, database: CentreDatabase) => SettlementStore;
  /** Called with each answer that acknowledges something, at the moment in which it leaves the server. */
  readonly onAcknowledged: (caller: Caller, request: ExchangeRequest, answer: ExchangeResponse) => void;
  /** Called with whole documents when they reach the server; what it returns, when the answer leaves. */
  readonly onSubmitted: (caller: Caller, submissions: readonly Submission[]) => (outcomes: readonly Outcome[]) => void;
}

/** Refusals that a door gives whatever was sent: keys being renewed, overload, an upgrade under way, a proxy's limits. */
const REFUSALS: readonly (readonly [ErrorCode, string | undefined])[] = [
  ["UNAUTHENTICATED", undefined],
  ["FORBIDDEN", undefined],
  ["TOO_MANY_REQUESTS", "20"],
  ["UNAVAILABLE", "1"],
  ["INTERNAL", undefined],
  ["PROTOCOL_VERSION", undefined],
  ["TOO_LARGE", undefined],
  ["FEED_RESET", undefined],
];

/** How often a server looks for what a crash left stored and not interpreted, as the real one does. */
const SWEEP_EVERY_MS = 60_000;

/** How long behind an answer edits of customers are merged. */
const MERGE_AFTER_MS = 200;

/** A service manager starts a server again that died. */
const RESTART_WITHIN_MS = 10_000;

/** How often an exchange finds its server busy, and for how long: long enough for the tills of a store to meet. */
const BUSY = 0.3;
const BUSY_WITHIN_MS = 5_000;

interface Waiting {
  readonly request: ExchangeRequest;
  readonly resolve: (answer: ExchangeResponse) => void;
  readonly reject: (error: unknown) => void;
}

interface Process {
  readonly owner: Owner;
  /** By store: exchanges that wait for the server to have time. */
  readonly companies: Map<number, Waiting[]>;
  readonly settlement: SettlementContext;
  readonly context: ExchangeContext;
  readonly waiting: Set<(answer: undefined) => void>;
}

/** One central server process: the product's ingest behind a simulated door. Killed, it leaves nothing but the database. */
export class Server {
  readonly #options: ServerOptions;
  /** One object a life of the process; null while it is down. */
  #process: Process | null = null;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.start();
  }

  get isUp(): boolean {
    return this.#process !== null;
  }

  start(): void {
    if (this.#process) return;
    const { database, wallMs, wrapIngest, wrapSettlements } = this.#options;
    const owner: Owner = { reached: (point) => this.#reached(owner, point) };
    const store = wrapIngest(database.connect(owner));
    const context: ExchangeContext = { store, sha256, nowMs: wallMs };
    const settlements = wrapSettlements(database.connectSettlements(owner), database);
    const settlement = { ingest: context, settlements };
    const process: Process = { owner, companies: new Map(), context, settlement, waiting: new Set() };
    this.#process = process;
    this.#options.chronicle.note("server-start", this.#options.name);
    this.#sweepLater(process);
  }

  #sweepLater(process: Process): void {
    const { database, timeline } = this.#options;
    timeline.after(SWEEP_EVERY_MS, () => {
      if (this.#process !== process) return;
      for (const { storeId, ...life } of database.pendingLives())
        void this.#sweep(process.context, { orgId: 1, storeId }, life);
      for (const { storeId, place } of database.unsettled())
        void this.#settle(() => settleShift(process.settlement, { orgId: 1, storeId }, place));
      for (const storeId of database.storeIds) this.#merge(process, storeId);
      this.#sweepLater(process);
    });
  }

  /** What tills wrote of customers becomes the organization's, in one transaction of its own. */
  #merge(process: Process, storeId: number): void {
    const { data, wallMs } = this.#options;
    if (this.#process === process) data?.customers.merge(storeId, wallMs());
  }

  /** As `sweepAll` of the product, which finds the terminals with SQL of its own. */
  async #sweep(context: ExchangeContext, scope: Scope, life: { terminal: string; incarnation: string }): Promise<void> {
    const { chronicle, name } = this.#options;
    chronicle.hit("centre.sweep", name, life.terminal);
    try {
      await context.store.transaction(scope, async (tx) => {
        await tx.lock(life, context.nowMs());
        await interpretPending(tx, life.terminal, context);
      });
    } catch (error) {
      chronicle.note("sweep-failed", String(error));
    }
  }

  /** Behind an answer, or in a sweep: nobody waits for it. */
  async #settle(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.chronicle.note("settlement-failed", String(error));
    }
  }

  crash(): void {
    const died = this.#process;
    if (died === null) return;
    this.#process = null;
    this.#options.database.disconnect(died.owner);
    for (const resolve of died.waiting) resolve(undefined);
    this.#options.chronicle.note("server-crash", this.#options.name);
  }

  /** @returns undefined when there was no answer: the connection was refused or reset */
  handle(request: HttpRequest, caller: Caller): Promise<HttpAnswer | undefined> {
    const process = this.#process;
    if (process === null) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      process.waiting.add(resolve);
      void this.#answer(process, request, caller).then((answer) => {
        process.waiting.delete(resolve);
        if (this.#process === process) resolve(answer);
      });
    });
  }

  async #answer(process: Process, { door, text }: HttpRequest, caller: Caller): Promise<HttpAnswer> {
    const { chronicle, faults, random } = this.#options;
    // As `/health/ready`, which asks for no key.
    if (door === "health") return { status: 200, headers: {}, text: '{"status":"ok","parts":{"database":"up"}}' };
    try {
      if (random.chance(faults.doorRefuses)) return this.#refuse();
      if (door === "modules") return this.#page(caller, text);
      const answer = await (door === "exchange"
        ? this.#exchange(process, caller, text)
        : this.#submit(process.context, caller, text));
      return { status: 200, headers: {}, text: JSON.stringify(answer) };
    } catch (error) {
      const refusal =
        error instanceof SyncError
          ? error
          : new SyncError("INTERNAL", "Something went wrong at the centre.", {}, error);
      chronicle.hit(`centre.answers-${refusal.code}`, refusal.code === "INTERNAL" ? String(error) : refusal.message);
      return answerOf(refusal, refusal.code === "UNAVAILABLE" ? "1" : undefined);
    }
  }

  #page({ scope, terminal }: Caller, path: string): HttpAnswer {
    const { chronicle, data, name } = this.#options;
    chronicle.note("modules", name, terminal, path);
    return { status: 200, headers: {}, text: data?.reference.answer(path, scope.storeId) ?? "" };
  }

  async #exchange(process: Process, caller: Caller, text: string): Promise<ExchangeResponse> {
    const { context, settlement } = process;
    const { chronicle, exchange, name, onAcknowledged } = this.#options;
    const request = parseAs(exchangeRequest, JSON.parse(text));
    const stored = await (this.#inCompany(context, caller.scope, request) ?? exchange(context, caller.scope, request));
    const { terminal, lacks } = request;
    const stores = { settlements: settlement.settlements, sha256 };
    const give = lacks === undefined ? [] : await giftsFor(stores, caller.scope, { terminal, lacks });
    const answer = { ...stored, give };
    if (this.#options.data !== undefined && (request.repair ?? request.changes.some(isOfCustomer)))
      this.#options.timeline.after(MERGE_AFTER_MS, () => this.#merge(process, caller.scope.storeId));
    if (hasToSettle(request)) void this.#settle(() => settleAfter(settlement, caller.scope, request));
    onAcknowledged(caller, request, answer);
    chronicle.note("answer", name, caller.terminal, answer.durableThrough, answer.entries.length);
    return answer;
  }

  /** Now and then a server is busy, and what comes meanwhile for one store goes together. */
  #inCompany(context: ExchangeContext, scope: Scope, request: ExchangeRequest): Promise<ExchangeResponse> | undefined {
    const { chronicle, random, timeline, together } = this.#options;
    if (together === undefined) return undefined;
    const waiting = this.#process?.companies.get(scope.storeId);
    const requests = waiting?.map((one) => one.request) ?? [];
    if (waiting === undefined && !random.chance(BUSY)) return undefined;
    if (!mayShare(requests, request)) return undefined;
    const company = waiting ?? [];
    const answer = new Promise<ExchangeResponse>((resolve, reject) => void company.push({ request, resolve, reject }));
    if (waiting !== undefined) return answer;
    const process = this.#process;
    process?.companies.set(scope.storeId, company);
    timeline.after(random.between(1, BUSY_WITHIN_MS), () => {
      if (this.#process !== process) return;
      process?.companies.delete(scope.storeId);
      if (company.length > 1) chronicle.hit("centre.joint", company.length);
      const answers = together(
        context,
        scope,
        company.map((one) => one.request),
      );
      for (const [index, one] of company.entries()) answers[index]?.then(one.resolve, one.reject);
    });
    return answer;
  }

  async #submit(context: ExchangeContext, caller: Caller, text: string): Promise<SubmitAnswer> {
    const { chronicle, database, name, onSubmitted, submit } = this.#options;
    const { submissions } = JSON.parse(text) as { submissions: readonly Submission[] };
    const onOutcomes = onSubmitted(caller, submissions);
    const outcomes = await submit(context, caller.scope, caller.terminal, submissions);
    onOutcomes(outcomes);
    chronicle.note("outcomes", name, caller.terminal, outcomes.map(({ effect, code }) => code ?? effect).join(" "));
    return submitAnswer(database.store(caller.scope.storeId), submissions, outcomes);
  }

  #refuse(): HttpAnswer {
    const { chronicle, random } = this.#options;
    const [code, retryAfter] = random.pick(REFUSALS);
    chronicle.hit(`door.${code}`);
    return answerOf(new SyncError(code, "The door says no."), retryAfter);
  }

  #reached(owner: Owner, point: Point): void {
    const { chronicle, faults, name, random, timeline } = this.#options;
    const rate = faults.serverCrashAtPoint > 0 ? (RARE_POINTS[point] ?? faults.serverCrashAtPoint) : 0;
    if (this.#process?.owner !== owner || !random.chance(rate)) return;
    chronicle.hit(`server-crash ${point}`, name);
    this.crash();
    timeline.after(random.between(100, RESTART_WITHIN_MS), () => this.start());
  }
}

function isOfCustomer({ body }: { readonly body: string }): boolean {
  return body.includes('"kind":"customer.edited"');
}

function answerOf(refusal: SyncError, retryAfter: string | undefined): HttpAnswer {
  return {
    status: refusal.status,
    headers: retryAfter === undefined ? {} : { "retry-after": retryAfter },
    text: JSON.stringify(refusal.toBody()),
  };
}
