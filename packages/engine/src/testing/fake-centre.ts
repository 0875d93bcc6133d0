import type { Observation } from "@tillsync/lanes";
import {
  CHAIN_START,
  type ChainPlace,
  type Comparison,
  type ErrorCode,
  type ErrorDetails,
  type ExchangeRequest,
  type ExchangeResponse,
  LIMITS,
  linkHash,
  SyncError,
  type WireChange,
} from "@tillsync/protocol";
import type { Clock, Probe, Transport } from "../ports.ts";
import { sha256 } from "../system/sha256.ts";

/** How the centre, or what stands between, treats one exchange. `honest` stores what came and gives the true answer. */
export type Behaviour = ((
  request: ExchangeRequest,
  honest: () => ExchangeResponse,
  signal: AbortSignal,
) => ExchangeResponse | Promise<ExchangeResponse>) & {
  /** What a probe is told meanwhile; `proper` when absent. `never`: it gets no answer and no end. */
  readonly probed?: Observation | "never";
};

/** Exchanges at one instant of virtual time, past which a test has found a loop that never rests. */
const SPINNING = 3_000;

/** Head office with its chain check, and a network in front of it that does what a test says. */
export class FakeCentre implements Transport, Probe {
  readonly #clock: Clock;
  readonly #lives = new Map<string, WireChange[]>();
  readonly exchanges: { readonly atMs: number; readonly request: ExchangeRequest; readonly correlationId: string }[] =
    [];
  /** When it was probed. */
  readonly probes: number[] = [];
  /** For the next exchanges, one each; then `always`. */
  readonly next: Behaviour[] = [];
  always: Behaviour = (_request, honest) => honest();
  /** What the answers say besides the mark. */
  answer: Partial<ExchangeResponse> = {};
  /** Brings reference data, where a test has some. */
  fetch?: NonNullable<Transport["fetch"]>;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async exchange(request: ExchangeRequest, signal: AbortSignal, correlationId: string): Promise<ExchangeResponse> {
    const atMs = this.#clock.monotonicMs();
    this.exchanges.push({ atMs, request: structuredClone(request), correlationId });
    // Left without an answer it stops, and the test finds far more exchanges than it allows.
    if (this.exchanges.at(-SPINNING)?.atMs === atMs) return new Promise(() => {});
    const behaviour = this.next.shift() ?? this.always;
    return behaviour(request, () => this.#ingest(request), signal);
  }

  async ask(): Promise<Observation> {
    this.probes.push(this.#clock.monotonicMs());
    const { probed = "proper" } = this.always;
    return probed === "never" ? new Promise(() => {}) : probed;
  }

  get requests(): readonly ExchangeRequest[] {
    return this.exchanges.map(({ request }) => request);
  }

  /** What is stored of a life, in seq order. */
  stored(incarnation: string): readonly WireChange[] {
    return this.#lives.get(incarnation) ?? [];
  }

  /** A backup is restored that ends there. */
  restore(incarnation: string, durableThrough: number): void {
    this.#lives.set(incarnation, this.stored(incarnation).slice(0, durableThrough));
  }

  hashAt(incarnation: string, seq: number): string {
    return seq === 0 ? CHAIN_START : (this.stored(incarnation)[seq - 1]?.hash ?? "missing");
  }

  #ingest(request: ExchangeRequest): ExchangeResponse {
    const { incarnation, fromSeq, changes, terminal } = request;
    const kept = [...this.stored(incarnation)];
    const mark = { durableThrough: kept.length, chainHash: this.hashAt(incarnation, kept.length) };
    if (fromSeq > kept.length + 1) throw new SyncError("GAP", `Send from ${kept.length + 1} on.`, mark);
    let { prevHash } = request;
    for (const [index, change] of changes.entries()) {
      const seq = fromSeq + index;
      const link = { terminal, incarnation, seq, prevHash, origin: change.origin, body: change.body };
      if (linkHash(sha256, link) !== change.hash && !change.damaged)
        throw new SyncError("CHAIN_BROKEN", "Changed on the way.", { seq });
      const known = kept[seq - 1];
      if (known && known.hash !== change.hash) throw new SyncError("FORK", `Seq ${seq} is taken.`, { seq, ...mark });
      if (!known && prevHash !== this.#last(kept)) throw new SyncError("CHAIN_BROKEN", "Does not follow.", mark);
      kept[seq - 1] ??= change;
      prevHash = change.hash;
    }
    this.#lives.set(incarnation, kept);
    const { compare } = request;
    const give = (request.lacks ?? []).flatMap(({ incarnation: of, seq }) => {
      const change = this.stored(of)[seq - 1];
      if (change === undefined) return [];
      const { body, private: secret, origin } = change;
      const more = {
        ...(secret === undefined ? {} : { private: secret }),
        ...(origin === undefined ? {} : { origin }),
      };
      return [{ incarnation: of, seq, body, prevHash: this.hashAt(of, seq - 1), ...more }];
    });
    const said = compare ? { comparison: this.#compare(incarnation, compare) } : {};
    return { ...this.answerOf(incarnation), ...said, ...(give.length > 0 ? { give } : {}) };
  }

  #compare(incarnation: string, places: readonly ChainPlace[]): Comparison {
    const common = places.findLast(({ seq, hash }) => this.hashAt(incarnation, seq) === hash);
    const other = [...this.#lives.keys()].findLast((life) => life !== incarnation && this.stored(life).length > 0);
    const durableThrough = other === undefined ? 0 : this.stored(other).length;
    return {
      common: common ?? { seq: 0, hash: CHAIN_START },
      other:
        other === undefined
          ? null
          : { incarnation: other, durableThrough, chainHash: this.hashAt(other, durableThrough) },
    };
  }

  #last(kept: readonly WireChange[]): string {
    return kept.at(-1)?.hash ?? CHAIN_START;
  }

  /** The answer as things stand, with nothing taken in. */
  answerOf(incarnation: string): ExchangeResponse {
    const durableThrough = this.stored(incarnation).length;
    return {
      protocolVersion: 1,
      serverEpoch: "0190a5da-0000-774b-8cce-000000000001",
      durableThrough,
      chainHash: this.hashAt(incarnation, durableThrough),
      backedUpThrough: 0,
      need: [],
      give: [],
      entries: [],
      cursor: "c0",
      more: false,
      receiptCounter: null,
      serverTimeMs: this.#clock.wallMs(),
      limits: {
        maxChangeBytes: LIMITS.maxChangeBytes,
        maxBatchChanges: LIMITS.maxBatchChanges,
        maxRequestBytes: LIMITS.maxRequestBytes,
      },
      pacing: { notBeforeMs: 0 },
      ...this.answer,
    };
  }
}

/** The centre, or something on the way, refuses; nothing is stored. What keeps a whole exchange away keeps a probe away. */
export function refuse(code: ErrorCode, details: ErrorDetails = {}): Behaviour {
  const behaviour = () => {
    throw new SyncError(code, `The test refuses with ${code}.`, details);
  };
  return Object.assign(behaviour, { probed: PROBED[code] ?? "proper" });
}

const PROBED: Partial<Record<ErrorCode, Observation>> = {
  UNREACHABLE: "silent",
  TIMED_OUT: "silent",
  UNAVAILABLE: "troubled",
  NOT_AN_ANSWER: "troubled",
};

/** The link is down. */
export const unreachable = refuse("UNREACHABLE");

/** Everything is stored, and the answer is lost. */
export const loseAnswer: Behaviour = (_request, honest) => {
  honest();
  throw new SyncError("UNREACHABLE", "The test lost the answer.");
};

/** Never answers; gives up when told to. */
export const hang: Behaviour = Object.assign(
  (_request: ExchangeRequest, _honest: () => ExchangeResponse, signal: AbortSignal) =>
    new Promise<ExchangeResponse>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(new SyncError("UNREACHABLE", "Given up.")));
    }),
  { probed: "never" as const },
);

/** Never answers, and does not give up either: a transport that is broken itself. */
export const wedge: Behaviour = Object.assign(() => new Promise<never>(() => {}), { probed: "never" as const });
