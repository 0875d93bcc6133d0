export interface BucketOptions {
  /** Tokens that come back every second. */
  readonly perSecond: number;
  /** Tokens of a full bucket. */
  readonly burst: number;
  /** Buckets remembered; past it the one used longest ago is forgotten, which fills it. */
  readonly maxKeys: number;
  readonly monotonicMs: () => number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** A token bucket for every key, in bounded memory: a steady rate, and bursts above it. */
export class TokenBuckets {
  readonly #options: BucketOptions;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: BucketOptions) {
    this.#options = options;
  }

  /** Takes a token. @returns 0, or the milliseconds until there is one; then nothing was taken */
  take(key: string): number {
    const bucket = this.#filled(key);
    this.#keep(key, bucket);
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 1000) / this.#options.perSecond);
    bucket.tokens -= 1;
    return 0;
  }

  /** Puts a token back that was taken for nothing. */
  giveBack(key: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined) bucket.tokens = Math.min(this.#options.burst, bucket.tokens + 1);
  }

  get size(): number {
    return this.#buckets.size;
  }

  #filled(key: string): Bucket {
    const { perSecond, burst, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return { tokens: burst, atMs: nowMs };
    // A clock that stands still, or one that was handed in wrongly and went back, gives nothing and takes nothing.
    const passedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.tokens = Math.min(burst, bucket.tokens + (passedMs * perSecond) / 1000);
    bucket.atMs = nowMs;
    return bucket;
  }

  #keep(key: string, bucket: Bucket): void {
    this.#buckets.delete(key);
    if (this.#buckets.size >= this.#options.maxKeys) {
      const oldest = this.#buckets.keys().next();
      if (!oldest.done) this.#buckets.delete(oldest.value);
    }
    this.#buckets.set(key, bucket);
  }
}
