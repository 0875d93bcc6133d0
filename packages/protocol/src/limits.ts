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
  /** Bytes of private part per change. */
  maxPrivateBytes: 16 * 1024,
} as const;
