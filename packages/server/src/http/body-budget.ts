export interface BudgetOptions {
  readonly maxBytes: number;
  readonly maxBytesPerShare: number;
}

/** What one request has of the budget. */
export interface Allowance {
  /** Asks for more. @returns the limit in its way, in bytes; undefined when there was room */
  add(bytes: number): number | undefined;
  /** Gives everything back. More than once does no harm. */
  end(): void;
}

/** The memory that request bodies may take together, and each share (a store) of it. */
export class BodyBudget {
  readonly #options: BudgetOptions;
  readonly #shares = new Map<string, number>();
  #bytes = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  /** Bytes handed out now. */
  get bytes(): number {
    return this.#bytes;
  }

  open(share: string): Allowance {
    let held = 0;
    let ended = false;
    return {
      add: (bytes) => {
        // The request is over, and whatever it still reads goes with it.
        if (ended) return undefined;
        const limit = this.#limitInTheWay(share, bytes);
        if (limit !== undefined) return limit;
        held += bytes;
        this.#change(share, bytes);
        return undefined;
      },
      end: () => {
        if (ended) return;
        ended = true;
        this.#change(share, -held);
      },
    };
  }

  #limitInTheWay(share: string, bytes: number): number | undefined {
    const { maxBytes, maxBytesPerShare } = this.#options;
    if ((this.#shares.get(share) ?? 0) + bytes > maxBytesPerShare) return maxBytesPerShare;
    return this.#bytes + bytes > maxBytes ? maxBytes : undefined;
  }

  #change(share: string, bytes: number): void {
    this.#bytes += bytes;
    const held = (this.#shares.get(share) ?? 0) + bytes;
    if (held === 0) this.#shares.delete(share);
    else this.#shares.set(share, held);
  }
}
