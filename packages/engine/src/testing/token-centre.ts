import { SyncError } from "@tillsync/protocol";
import { Tokens } from "../credential.ts";
import { FakeClock } from "./fake-clock.ts";

const LIFE_S = 900;

/** A centre's token door in memory, with a clock of its own, and a till that asks it. For tests. */
export class TokenCentre {
  readonly clock = new FakeClock();
  readonly tokens: Tokens;
  /** Centre's time less the till's wall clock at the start. */
  readonly #startOffsetMs: number;
  readonly #startMs: number;
  /** Assertions that came, by the time they were signed for. */
  readonly asked: number[] = [];
  grant = "a.b.c";
  kept: string | undefined = "a.b.c";
  access: "active" | "draining" = "active";
  isAway = false;
  /** The next answers are made and get lost on the way back. */
  losing = 0;
  refusal: SyncError | undefined;
  #good = new Map<string, number>();
  #waiting: (() => void)[] = [];
  holds = false;

  constructor(tillIsAheadMs = 0) {
    this.#startOffsetMs = -tillIsAheadMs;
    this.#startMs = this.clock.wallMs() - this.clock.monotonicMs();
    this.tokens = new Tokens({
      clock: this.clock,
      sign: (nowS) => String(nowS),
      grant: () => this.kept,
      keepGrant: (grant) => {
        this.kept = grant;
      },
      ask: (body) => this.#answer(body.assertion),
    });
  }

  /** The centre's clock: goes on evenly, whatever happens to the till's. */
  get nowMs(): number {
    return this.#startMs + this.clock.monotonicMs() + this.#startOffsetMs;
  }

  /** Whether the centre takes it now. */
  takes(token: string): boolean {
    return this.nowMs < (this.#good.get(token) ?? 0);
  }

  /** Whoever held answers back lets them go. */
  release(): void {
    this.holds = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Its keys are others from now on: no token is good any more. */
  forget(): void {
    this.#good = new Map();
  }

  async #answer(assertion: string): Promise<unknown> {
    if (this.isAway) throw new SyncError("UNREACHABLE", "away");
    const signedForMs = Number(assertion) * 1000;
    this.asked.push(signedForMs);
    if (this.holds) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const serverTimeMs = this.nowMs;
    if (this.refusal !== undefined) throw this.refusal;
    if (Math.abs(signedForMs - serverTimeMs) > 59_000)
      throw new SyncError("UNAUTHENTICATED", "not now", { serverTimeMs });
    const token = `t.${this.asked.length}.x`;
    this.#good.set(token, serverTimeMs + LIFE_S * 1000);
    if (this.losing-- > 0) throw new SyncError("TIMED_OUT", "the answer got lost");
    const { grant, access } = this;
    return { token, expiresInS: LIFE_S, serverTimeMs, access, grant };
  }
}
