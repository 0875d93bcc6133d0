import type { Witness, Witnessed } from "../ports.ts";

/** A witness file in memory that tells what was done to it. */
export class MemoryWitness implements Witness {
  seen: Witnessed | undefined;
  flushedAt: Witnessed | undefined;
  /** Set, every write and flush fails: the disk is gone. */
  broken: Error | undefined;
  closed = 0;

  read(): Witnessed | undefined {
    return this.seen;
  }

  write({ incarnation, seq, hash }: Witnessed): void {
    if (this.broken) throw this.broken;
    this.seen = { incarnation, seq, hash };
  }

  flush(): void {
    if (this.broken) throw this.broken;
    this.flushedAt = this.seen;
  }

  close(): void {
    this.closed++;
  }
}
