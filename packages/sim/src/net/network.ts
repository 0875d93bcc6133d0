import { judge, linesOf, type Probe, readAnswer, type Transport } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { Chronicle } from "../chronicle.ts";
import type { Faults } from "../faults.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import { garbled, STRANGERS } from "./garble.ts";
import type { Caller, HttpAnswer, HttpRequest, Server } from "./server.ts";

/** As the product's HTTP transport: for one whole exchange. */
const TIMEOUT_MS = 30_000;

const NEVER = new Promise<never>(() => {});

/** `refusing`: no route. `silent`: everything is swallowed. `deaf`: requests arrive, answers do not. */
export type LinkState = "up" | "refusing" | "silent" | "deaf";

/** The line between one shop and the world. */
export interface Link {
  state: LinkState;
}

export interface NetworkOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly faults: Faults;
  readonly servers: readonly Server[];
  /** There is reference data to fetch. */
  readonly hasModules: boolean;
}

/**
 * The way between shops and servers. A request goes to any server that is up; it may be lost, cut off before or after the
 * server worked, arrive late, twice or behind later ones, and what comes back may be cut, changed or somebody else's.
 * Bytes of requests do not change on the way: TLS sees to that.
 */
export class Network {
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  transport(link: Link, caller: Caller): Transport {
    const { chronicle } = this.#options;
    return {
      ...(this.#options.hasModules
        ? { fetch: async (request, signal) => linesOf(await this.#fetch(link, caller, request.path, signal)) }
        : {}),
      exchange: async (request, signal) => {
        chronicle.note("request", caller.terminal, request.incarnation, request.fromSeq, request.changes.length);
        if (this.#hangs()) return NEVER;
        const asked = { door: "exchange", text: JSON.stringify(request) } as const;
        const { status, headers, text } = await this.post(link, caller, asked, signal);
        return readAnswer(status, headers, text);
      },
    };
  }

  /** As the product's, which believes nothing that did not come whole, of the type that was asked for. */
  async #fetch(link: Link, caller: Caller, path: string, signal: AbortSignal): Promise<string> {
    const { status, headers, text } = await this.post(link, caller, { door: "modules", text: path }, signal);
    if (status === 200) return text;
    readAnswer(status, headers, text);
    throw new Error("a refusal was read as an answer");
  }

  /** The product's probe over the same line, answered by the same servers. */
  probe(link: Link, caller: Caller): Probe {
    const { chronicle } = this.#options;
    return {
      ask: async (_target, signal) => {
        if (this.#hangs()) return NEVER;
        try {
          const { status, text } = await this.post(link, caller, { door: "health", text: "" }, signal);
          const answer = judge(status, text);
          chronicle.note("probe", caller.terminal, answer);
          return answer;
        } catch {
          chronicle.note("probe", caller.terminal, "silent");
          return "silent";
        }
      },
    };
  }

  /** A transport that is broken itself: it neither answers nor fails, and does not hear that it is given up. */
  #hangs(): boolean {
    const { chronicle, faults, random } = this.#options;
    if (!random.chance(faults.hungExchange)) return false;
    chronicle.hit("network.hung-exchange");
    return true;
  }

  /** One request over the line. @throws SyncError UNREACHABLE, TIMED_OUT */
  post(link: Link, caller: Caller, request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    const { timeline } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = timeline.after(TIMEOUT_MS, () =>
        reject(new SyncError("TIMED_OUT", "The centre did not answer in time.")),
      );
      let isOver = false;
      const end = (answer: HttpAnswer | "reset") => {
        cancel();
        if (isOver) return;
        isOver = true;
        if (answer === "reset") reject(new SyncError("UNREACHABLE", "The centre cannot be reached."));
        else resolve(answer);
      };
      signal?.addEventListener("abort", () => end("reset"));
      this.#send(link, caller, request, end);
    });
  }

  #send(link: Link, caller: Caller, request: HttpRequest, end: (answer: HttpAnswer | "reset") => void): void {
    const { chronicle, faults, random, timeline } = this.#options;
    const reset = () => timeline.after(random.between(1, 50), () => end("reset"));
    if (link.state === "refusing") {
      reset();
      return;
    }
    if (link.state === "silent") return;
    if (random.chance(faults.captivePortal)) {
      chronicle.hit("network.captive-portal");
      timeline.after(this.#delayMs(), () => end(random.pick(STRANGERS)));
      return;
    }
    while (random.chance(faults.duplicateRequest)) {
      chronicle.hit("network.duplicate-request");
      // At the same time as the first, through another server; or long after, behind later ones.
      const delayMs = random.chance(0.5) ? random.between(2, 80) : random.between(100, 60_000);
      timeline.after(delayMs, () => void this.#server().handle(request, caller));
    }
    if (random.chance(faults.loseRequest)) {
      chronicle.hit("network.lost-request");
      if (random.chance(0.5)) reset();
      return;
    }
    timeline.after(this.#delayMs(), () => {
      void this.#server()
        .handle(request, caller)
        .then((answer) => this.#comeBack(link, answer, end));
    });
  }

  #comeBack(link: Link, answer: HttpAnswer | undefined, end: (answer: HttpAnswer | "reset") => void): void {
    const { chronicle, faults, random, timeline } = this.#options;
    if (answer === undefined) {
      if (random.chance(0.8)) timeline.after(random.between(1, 20), () => end("reset"));
      return;
    }
    if (link.state !== "up" || random.chance(faults.loseAnswer)) {
      chronicle.hit("network.lost-answer", link.state);
      if (random.chance(0.5)) timeline.after(random.between(1, 20), () => end("reset"));
      return;
    }
    const arrived = garbled(answer, this.#options);
    timeline.after(this.#delayMs(), () => end(arrived));
  }

  #server(): Server {
    const { random, servers } = this.#options;
    const up = servers.filter((server) => server.isUp);
    return random.pick(up.length > 0 ? up : servers);
  }

  #delayMs(): number {
    const { chronicle, faults, random } = this.#options;
    if (!random.chance(faults.slowLink)) return random.between(2, 60);
    chronicle.hit("network.slow");
    return random.between(200, 40_000);
  }
}
