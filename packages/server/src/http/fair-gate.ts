export interface GateOptions {
  readonly maxRunning: number;
  readonly maxRunningPerShare: number;
  readonly maxWaiting: number;
  readonly maxWaitingPerShare: number;
}

/** Ends a turn. More than once does no harm. */
export type Leave = () => void;

interface Waiter {
  readonly grant: (leave: Leave | undefined) => void;
}

interface Share {
  running: number;
  readonly waiting: Set<Waiter>;
}

/**
 * Lets so many in at a time and makes the others wait, in order of arrival within a share (a store), and the shares take
 * turns: whoever sends a thousand requests waits for his own thousand, not everybody. Waiting is bounded as well.
 */
export class FairGate {
  readonly #options: GateOptions;
  /** In the order of their last turn. Only shares with something running or waiting are here. */
  readonly #shares = new Map<string, Share>();
  #running = 0;
  #waiting = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Waits for a turn.
   *
   * @param onWait gets a function that gives up waiting, for a caller that went away; it does nothing after the turn came
   * @returns undefined when too many wait already, or waiting was given up
   */
  async enter(name: string, onWait: (giveUp: () => void) => void = () => {}): Promise<Leave | undefined> {
    const share = this.#shares.get(name) ?? { running: 0, waiting: new Set() };
    if (this.#mayRun(share)) return this.#start(name, share);
    const { maxWaiting, maxWaitingPerShare } = this.#options;
    if (this.#waiting >= maxWaiting || share.waiting.size >= maxWaitingPerShare) return undefined;
    this.#shares.set(name, share);
    return new Promise((resolve) => {
      const waiter = { grant: resolve };
      share.waiting.add(waiter);
      this.#waiting += 1;
      onWait(() => {
        if (!share.waiting.delete(waiter)) return;
        this.#waiting -= 1;
        this.#forget(name, share);
        resolve(undefined);
      });
    });
  }

  #mayRun(share: Share): boolean {
    return this.#running < this.#options.maxRunning && share.running < this.#options.maxRunningPerShare;
  }

  #start(name: string, share: Share): Leave {
    this.#running += 1;
    share.running += 1;
    // To the end of the row: the shares take turns.
    this.#shares.delete(name);
    this.#shares.set(name, share);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#running -= 1;
      share.running -= 1;
      this.#next();
      this.#forget(name, share);
    };
  }

  #next(): void {
    for (const [name, share] of this.#shares) {
      const [waiter] = share.waiting;
      if (waiter === undefined || !this.#mayRun(share)) continue;
      share.waiting.delete(waiter);
      this.#waiting -= 1;
      waiter.grant(this.#start(name, share));
      return;
    }
  }

  #forget(name: string, share: Share): void {
    if (share.running === 0 && share.waiting.size === 0) this.#shares.delete(name);
  }
}
