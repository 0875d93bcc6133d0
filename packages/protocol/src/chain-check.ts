import { linkHash, type Origin, type Sha256 } from "./chain.ts";

/** One stored change as somebody finds it: any part of it may be gone or altered. */
export interface FoundRow {
  readonly seq: number;
  /** Null when it is not known any more. */
  readonly hash: string | null;
  readonly body: string | null;
  readonly origin?: Origin | undefined;
}

/** What is wrong with one stored change. */
export type Flaw =
  /** Nothing of it is there. */
  | { readonly seq: number; readonly what: "missing" }
  /** Its bytes are not those that were hashed, or are gone. */
  | { readonly seq: number; readonly what: "altered" }
  /** Its bytes are right, and the hash kept beside them is not: this is the right one. */
  | { readonly seq: number; readonly what: "hash"; readonly hash: string };

/**
 * Walks a stretch of a life's chain and finds what is missing or was altered in it, by itself and without the other side.
 * One flipped bit makes a change disagree with its neighbour: which of the two is wrong, a third one tells. Where it
 * cannot be told, the change is called altered: asked for again, it comes with what it takes to know (`fits`).
 *
 * Rows are added in seq order; a seq that is left out is missing. Memory does not grow with the length of the stretch.
 */
export class ChainCheck {
  readonly flaws: Flaw[] = [];
  readonly #sha256: Sha256;
  readonly #life: { readonly terminal: string; readonly incarnation: string };
  #seq: number;
  /** Hash before the next row, as it is stored there, and as its bytes give it where the two differ. */
  #stored: string | null;
  #computed: string | null = null;
  /** Rows that disagreed with what was before them; the next row tells what of them is wrong. */
  #open: { seq: number; hash: string }[] = [];

  /** @param fromSeq the first row that will be looked at, and `prevHash` of the one before it, null when unknown */
  constructor(
    sha256: Sha256,
    life: { terminal: string; incarnation: string },
    { fromSeq, prevHash }: { fromSeq: number; prevHash: string | null },
  ) {
    this.#sha256 = sha256;
    this.#life = life;
    this.#seq = fromSeq - 1;
    this.#stored = prevHash;
  }

  /** @returns whether the row's bytes are those that were hashed, as far as can be told now */
  add(row: FoundRow): boolean {
    this.skipTo(row.seq);
    this.#seq = row.seq;
    const body = row.body;
    if (body === null || row.hash === null) {
      this.#close("altered");
      this.flaws.push({ seq: row.seq, what: "altered" });
      this.#stored = row.hash;
      this.#computed = null;
      return false;
    }
    const { hash } = row;
    const behind = (prevHash: string) => this.#link(row, prevHash, body);
    if (this.#stored !== null && behind(this.#stored) === hash) {
      this.#close("altered");
      return this.#believe(hash);
    }
    if (this.#computed !== null && behind(this.#computed) === hash) {
      this.#close("hash");
      return this.#believe(hash);
    }
    const before = this.#computed ?? this.#stored;
    // Behind a change that is not known, nothing can be told of this one until that one is back.
    if (before === null) return this.#believe(hash);
    const computed = behind(before);
    this.#open.push({ seq: row.seq, hash: computed });
    this.#stored = hash;
    this.#computed = computed;
    return false;
  }

  /** Says that no row before `seq` is coming any more. */
  skipTo(seq: number): void {
    if (this.#seq + 1 >= seq) return;
    this.#close("altered");
    for (let missing = this.#seq + 1; missing < seq; missing++) this.flaws.push({ seq: missing, what: "missing" });
    this.#seq = seq - 1;
    this.#stored = null;
    this.#computed = null;
  }

  /** @param hash what the hash of the last row must be, when somebody else knows it */
  end(hash: string | null): readonly Flaw[] {
    this.#close(hash !== null && hash === this.#computed ? "hash" : "altered");
    return this.flaws;
  }

  #believe(hash: string): boolean {
    this.#stored = hash;
    this.#computed = null;
    return true;
  }

  #close(what: "altered" | "hash"): void {
    for (const { seq, hash } of this.#open.splice(0))
      this.flaws.push(what === "hash" ? { seq, what, hash } : { seq, what });
  }

  #link({ seq, origin }: FoundRow, prevHash: string, body: string): string {
    return linkHash(this.#sha256, { ...this.#life, seq, prevHash, origin, body });
  }
}
