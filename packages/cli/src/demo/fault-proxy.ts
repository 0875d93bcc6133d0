import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type Clock, systemClock } from "@tillsync/engine";

/** `up`: from the client to the target. `down`: the answers. */
export type Direction = "up" | "down";

export interface FaultProxyOptions {
  readonly target: { readonly host?: string; readonly port: number };
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  readonly clock?: Pick<Clock, "monotonicMs" | "after">;
}

/** How a connection is to end: once `bytes` have gone in one direction. */
interface Cut {
  readonly direction: Direction;
  readonly bytes: number;
}

/**
 * A bad network between two programs: a TCP proxy on 127.0.0.1 that can be cut, healed, stalled and slowed while it runs.
 *
 * ```ts
 * const link = await FaultProxy.open({ target: { port: 8080 } });
 * link.cut();   // what is under way breaks, new connections are reset
 * link.heal();
 * ```
 */
export class FaultProxy {
  readonly #server: Server;
  readonly #options: FaultProxyOptions;
  readonly #clock: Pick<Clock, "monotonicMs" | "after">;
  readonly #sockets = new Set<Socket>();
  readonly #draining = new WeakSet<Socket>();
  #state: "open" | "cut" | "stalled" = "open";
  #delayMs = 0;
  #nextCut: Cut | undefined;

  private constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    // Each side may end on its own: a client that has sent all still waits for its answer.
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  static async open(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    proxy.#server.listen(options.port ?? 0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Breaks every connection; new ones are reset at once. */
  cut(): void {
    this.#state = "cut";
    this.#breakAll();
  }

  /** Swallows everything from now on, in both directions, and keeps accepting: a link that is up and passes nothing. */
  stall(): void {
    this.#state = "stalled";
  }

  /** A good network again. Stalled connections have holes by now, so they break. */
  heal(): void {
    if (this.#state === "stalled") this.#breakAll();
    this.#state = "open";
    this.#nextCut = undefined;
    this.#delayMs = 0;
  }

  /** The next connection passes `bytes` bytes in `direction` and then breaks: in the middle of a request, or of its answer. */
  cutAfterBytes(bytes: number, direction: Direction): void {
    this.#nextCut = { bytes, direction };
  }

  /** Each piece arrives `ms` milliseconds later, in both directions; 0 ends it. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    this.#keep(client);
    if (this.#state === "cut") {
      client.resetAndDestroy();
      return;
    }
    const { host = "127.0.0.1", port } = this.#options.target;
    const target = connect({ host, port, allowHalfOpen: true });
    this.#keep(target);
    const cut = this.#nextCut;
    this.#nextCut = undefined;
    this.#forward("up", client, target, cut);
    this.#forward("down", target, client, cut);
    this.#tie(client, target);
    this.#tie(target, client);
  }

  #forward(direction: Direction, from: Socket, to: Socket, cut: Cut | undefined): void {
    // One after the other, so that pieces keep their order whatever the delay was when they came.
    let turn: Promise<void> = Promise.resolve();
    const inTurn = (write: () => void) => {
      const dueMs = this.#clock.monotonicMs() + this.#delayMs;
      turn = turn.then(async () => {
        await this.#until(dueMs);
        if (!to.destroyed && this.#state !== "stalled") write();
      });
    };
    let leftBytes = cut?.direction === direction ? cut.bytes : Number.POSITIVE_INFINITY;
    from.on("data", (piece: Buffer) => {
      const passed = piece.subarray(0, Math.min(leftBytes, piece.length));
      leftBytes -= piece.length;
      const isLast = leftBytes <= 0;
      if (isLast) from.pause();
      inTurn(() => {
        const hasRoom = to.write(passed, () => isLast && this.#breakPair(from, to));
        if (hasRoom || isLast) return;
        from.pause();
        to.once("drain", () => from.resume());
      });
    });
    from.on("end", () => inTurn(() => to.end()));
  }

  async #until(dueMs: number): Promise<void> {
    const waitMs = dueMs - this.#clock.monotonicMs();
    if (waitMs > 0) await new Promise<void>((resume) => this.#clock.after(waitMs, resume));
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** The end of one side is the end of the other, of the same sort: a target that does not listen resets its client. */
  #tie(one: Socket, other: Socket): void {
    one.once("close", (hadError) => {
      if (this.#draining.has(other)) return;
      if (hadError) other.resetAndDestroy();
      else other.destroy();
    });
  }

  /** Ended on the receiving side rather than reset: a reset may overtake the bytes that are to arrive. */
  #breakPair(from: Socket, to: Socket): void {
    this.#draining.add(to);
    to.end();
    to.resume();
    from.resetAndDestroy();
  }

  #breakAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}
