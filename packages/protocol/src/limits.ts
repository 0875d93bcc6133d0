/** Every bound of the wire in one place, each with its reason. A centre may announce lower ones in its answers. */
export const LIMITS = {
  /** A change larger than this is refused by `record()` before any receipt exists. 1 MiB holds ~5,000 order lines. */
  maxChangeBytes: 1024 * 1024,
  /** Changes in one exchange: past a few hundred a batch gains nothing and only makes a lost answer dearer. */
  maxBatchChanges: 1000,
  /** Decompressed bytes of one request. Room for one largest change whose every byte needs escaping, and its neighbours. */
  maxRequestBytes: 8 * 1024 * 1024,
  /** Compressed bytes of one request: what is read before anything is unpacked. */
  maxWireBytes: 4 * 1024 * 1024,
  /** Feed entries in one answer. */
  maxFeedEntries: 1000,
  /** Changes of others in one answer: a till writes them in the time between two sales. */
  maxFeedChanges: 500,
  /** Their bytes, beside one that is larger by itself. */
  maxFeedBytes: 512 * 1024,
  /** Rows that one message repairs, asks for or gives: a second of work for a till, and a few KB to name. */
  maxRepairs: 100,
  /** Exceptions that a judgement names to its till: more than a person at a till reads. The centre has all of them. */
  maxSettlementExceptions: 200,
  /** Bytes of private part per change. */
  maxPrivateBytes: 16 * 1024,
  /** Names in one object of a body. No object of ours has more than a few dozen; each costs memory before a schema sees it. */
  maxNames: 1000,
  /**
   * Values in one body, however they are nested: 10,000 receipts of a device that was offline for a week. A value costs
   * some 50 bytes of memory and may come in two of text.
   */
  maxValues: 500_000,
  /** Characters of one number: a 64-bit float written out takes 25. What reads numbers may take the square of their length. */
  maxNumberChars: 64,
  /** Bytes of one row of reference data, as canonical text: an offer that names 1,000 items takes 20 KB. */
  maxRowBytes: 64 * 1024,
  /** Bytes of rows in one page of a module, before packing; one row more when the last does not fit. Large pages pack better. */
  maxPageBytes: 1024 * 1024,
  /** Power of ten that a number may name, either way: `1e999999999` is short and as long as a disk when written out. */
  maxExponent: 99,
} as const;
