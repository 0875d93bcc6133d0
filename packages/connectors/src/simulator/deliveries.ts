import { setTimeout as pause } from "node:timers/promises";
import { request } from "undici";
import type { Delivered, Delivery, Machine, MachineState } from "./machine.ts";

/** How long a receiver of a callback may take, in milliseconds. */
const RECEIVER_TIMEOUT_MS = 30_000;
/** A timer of Node holds 31 bits. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Carries what a machine wants to send, when it is due. */
export class Deliveries<S extends MachineState> {
  readonly #machine: Machine<S>;
  readonly #state: S;
  readonly #changed: () => void;
  readonly #stopped = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(machine: Machine<S>, state: S, changed: () => void) {
    this.#machine = machine;
    this.#state = state;
    this.#changed = changed;
  }

  /** Looks when the next thing is due, and does what is. */
  plan(): void {
    clearTimeout(this.#timer);
    const dueMs = this.#machine.nextDueMs(this.#state);
    if (dueMs === undefined || this.#stopped.signal.aborted) return;
    const waitMs = Math.min(Math.max(dueMs - Date.now(), 0), LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => this.deliverNow(), waitMs);
  }

  /** Delivers what is due, and waits for the receivers' answers. */
  async deliverNow(): Promise<void> {
    const due = this.#machine.takeDue(this.#state, Date.now());
    this.#changed();
    this.plan();
    await Promise.all(due.map((delivery) => this.#deliver(delivery)));
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopped.abort();
    await Promise.all(this.#underWay);
  }

  #deliver(delivery: Delivery): Promise<void> {
    const delivered = this.#post(delivery).then((outcome) => {
      this.#machine.delivered(this.#state, delivery, outcome, Date.now());
      this.#changed();
      this.plan();
    });
    this.#underWay.add(delivered);
    return delivered.finally(() => this.#underWay.delete(delivered));
  }

  /** Status 0 when nobody answered: what a service sees of a receiver that is gone. */
  async #post({ url, headers, body }: Delivery): Promise<Delivered> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#stopped.signal]);
    try {
      const answered = request(url, { method: "POST", headers: { ...headers }, body, signal });
      const tooLate = pause(RECEIVER_TIMEOUT_MS, undefined, { signal }).then(() => over.abort());
      tooLate.catch(() => undefined);
      const answer = await answered;
      return { status: answer.statusCode, body: (await answer.body.text()).slice(0, 1000) };
    } catch {
      return { status: 0, body: "" };
    } finally {
      over.abort();
    }
  }
}
