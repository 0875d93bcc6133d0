import type { Submission } from "@tillsync/server/ingest";
import type { Chronicle } from "../chronicle.ts";
import type { Link, Network } from "../net/network.ts";
import type { Caller } from "../net/server.ts";
import { type HeardOutcome, readSubmitAnswer } from "../net/submit-door.ts";
import type { ForeignLedger } from "../oracle/foreign-ledger.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import { submissionKey } from "./documents.ts";

/** 004: "every 30 seconds". */
const SYNC_EVERY_MS = 30_000;
/** Documents in one batch: small ones are the hard ones, for they meet others in the middle of things. */
const MAX_BATCH = 12;

export interface OutboxOptions {
  readonly caller: Caller;
  readonly link: Link;
  readonly network: Network;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly ledger: ForeignLedger;
  /** Called for each outcome of each answer that arrives, in the order of arrival. */
  readonly onOutcome: (submission: Submission, outcome: HeardOutcome) => void;
}

/** What is to be sent and was not answered. It is sent again every 30 seconds, for ever. */
export class Outbox {
  readonly #options: OutboxOptions;
  #pending: Submission[] = [];
  #isTicking = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get pending(): readonly Submission[] {
    return this.#pending;
  }

  put(submission: Submission): void {
    if (!this.#pending.includes(submission)) this.#pending.push(submission);
    if (!this.#isTicking) this.#tickLater();
  }

  /** Whatever waits that is not wanted any more is forgotten: the device has a newer version of it. */
  drop(unwanted: (submission: Submission) => boolean): void {
    this.#pending = this.#pending.filter((submission) => !unwanted(submission));
  }

  /** Sends now what waits, in any order, as a batch or document by document. */
  sendPending(): void {
    const { random } = this.#options;
    if (this.#pending.length === 0) return;
    const shuffled = random.chance(0.2) ? [...this.#pending].reverse() : this.#pending;
    const size = random.pick([1, 3, MAX_BATCH]);
    for (let at = 0; at < shuffled.length; at += size) this.send(shuffled.slice(at, at + size));
  }

  send(batch: readonly Submission[]): void {
    void this.#send(batch);
  }

  async #send(batch: readonly Submission[]): Promise<void> {
    const { caller, chronicle, ledger, link, network, onOutcome } = this.#options;
    for (const submission of batch) ledger.asked(caller.terminal, submission);
    chronicle.note("submit", caller.terminal, batch.length);
    const request = { door: "submit", text: JSON.stringify({ submissions: batch }) } as const;
    let answer: ReturnType<typeof readSubmitAnswer>;
    try {
      const { status, text } = await network.post(link, caller, request);
      answer = readSubmitAnswer(status, text, batch.length);
    } catch (error) {
      chronicle.note("submit-failed", caller.terminal, String(error));
    }
    for (const [index, outcome] of (answer?.outcomes ?? []).entries()) {
      const submission = batch[index];
      if (submission === undefined) continue;
      const key = submissionKey(caller.terminal, submission);
      this.drop((waiting) => submissionKey(caller.terminal, waiting) === key);
      onOutcome(submission, outcome);
    }
  }

  #tickLater(): void {
    const { timeline } = this.#options;
    this.#isTicking = true;
    timeline.after(SYNC_EVERY_MS, () => {
      this.#isTicking = false;
      this.sendPending();
      if (this.#pending.length > 0) this.#tickLater();
    });
  }
}
