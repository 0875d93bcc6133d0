import type { Destination } from "../destination.ts";
import type { Found, Outcome, Reply } from "../outcome.ts";

export interface Parcel {
  readonly name: string;
}

/** What becomes of one call. */
export type Fate =
  | "fine"
  | "unreachable"
  | "request lost"
  | "answer lost"
  /** The connection breaks, and the request arrives some seconds later. */
  | "late"
  /** Carried out, and answered with somebody's page. */
  | "page"
  | "busy"
  | "device refuses";

export const FATES: readonly [Fate, ...Fate[]] = [
  "fine",
  "unreachable",
  "request lost",
  "answer lost",
  "late",
  "page",
  "busy",
  "device refuses",
];

export interface FarEndOptions {
  readonly nowMs: () => number;
  readonly fate?: (call: "deliver" | "lookUp") => Fate;
  /** Whether it notices what it has already. One that does not counts it twice. */
  readonly noticesDuplicates?: boolean;
  /** Refused for what they are. */
  readonly refuses?: ReadonlySet<string>;
}

/** Below what a lane waits before it looks something up. */
const LATE_MS = 5_000;

const answer = (status: number, text: string): Reply => ({ kind: "answer", status, text });
const BUSY: Reply = { kind: "answer", status: 503, text: "busy", retryAfterMs: 20_000 };
const CUT: Reply = { kind: "silence", arrived: "perhaps", code: "CUT_OFF", message: "The connection broke." };
const STOPPED: Reply = { kind: "silence", arrived: "no", code: "CUT_OFF", message: "It was told to stop." };
const NO_WAY: Reply = { kind: "silence", arrived: "no", code: "UNREACHABLE", message: "Nobody listens." };
const PAGE = answer(200, "<html>Welcome to the hotspot</html>");

/** A far end in memory that loses what a test tells it to lose, and counts. */
export class FarEnd implements Destination<Parcel> {
  /** Names in the order in which they were accepted; one that is here twice was taken twice. */
  readonly accepted: string[] = [];
  readonly #options: FarEndOptions;
  #late: { readonly name: string; readonly atMs: number }[] = [];

  constructor(options: FarEndOptions) {
    this.#options = options;
  }

  get doubles(): number {
    return this.accepted.length - new Set(this.accepted).size;
  }

  async deliver({ name }: Parcel, signal?: AbortSignal): Promise<Reply> {
    if (signal?.aborted) return STOPPED;
    this.#arrive();
    const fate = this.#options.fate?.("deliver") ?? "fine";
    if (fate === "unreachable") return NO_WAY;
    if (fate === "request lost") return CUT;
    if (fate === "busy") return BUSY;
    if (fate === "device refuses") return answer(423, "device");
    if (fate === "late") {
      this.#late.push({ name, atMs: this.#options.nowMs() + LATE_MS });
      return CUT;
    }
    const reply = this.#take(name);
    if (fate === "page") return PAGE;
    return fate === "answer lost" ? CUT : reply;
  }

  async lookUp({ name }: Parcel, signal?: AbortSignal): Promise<Reply> {
    if (signal?.aborted) return STOPPED;
    this.#arrive();
    const fate = this.#options.fate?.("lookUp") ?? "fine";
    if (fate === "unreachable") return NO_WAY;
    if (fate === "page") return PAGE;
    if (fate === "busy") return BUSY;
    if (fate !== "fine" && fate !== "device refuses") return CUT;
    return answer(200, this.accepted.includes(name) ? "there" : "absent");
  }

  outcomeOf(_: Parcel, reply: Reply): Outcome {
    const why = { code: "FAR_END", message: reply.kind === "answer" ? reply.text : reply.message };
    if (reply.kind === "silence") return { verdict: reply.arrived === "no" ? "retry" : "unknown", ...why };
    if (reply.status === 200 && reply.text === "accepted") return { verdict: "accepted" };
    if (reply.status === 409) return { verdict: "duplicate", ...why };
    if (reply.status === 422) return { verdict: "parked", ...why };
    if (reply.status === 423) return { verdict: "retry", ...why, blocksLane: true };
    if (reply.status === 503) return { verdict: "retry", ...why, retryAfterMs: reply.retryAfterMs ?? 0 };
    return { verdict: "unknown", ...why };
  }

  foundOf(_: Parcel, reply: Reply): Found {
    if (reply.kind === "answer" && reply.status === 200) {
      if (reply.text === "there") return { verdict: "there" };
      if (reply.text === "absent") return { verdict: "absent" };
    }
    return { verdict: "unknown", code: "FAR_END", message: "It cannot say." };
  }

  #take(name: string): Reply {
    if (this.#options.refuses?.has(name)) return answer(422, "refused");
    if (this.#options.noticesDuplicates && this.accepted.includes(name)) return answer(409, "duplicate");
    this.accepted.push(name);
    return answer(200, "accepted");
  }

  #arrive(): void {
    const nowMs = this.#options.nowMs();
    for (const { name } of this.#late.filter(({ atMs }) => atMs <= nowMs)) this.#take(name);
    this.#late = this.#late.filter(({ atMs }) => atMs > nowMs);
  }
}
