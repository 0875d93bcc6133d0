/** What stays of a change's bytes when they are given up: enough to count its money and to name its receipt. */
export interface Stub {
  /** Bytes that body and private part had. */
  readonly bytes: number;
  readonly receiptNumber?: string;
  readonly currency?: string;
  readonly totalMinor?: number;
}

/** Nobody proves a stub: it is for counting and naming, the bytes are at head office. */
export function stubOf(kind: string, body: string, bytes: number): Stub {
  if (kind !== "order.closed" && kind !== "transaction.recorded") return { bytes };
  try {
    const { payload } = JSON.parse(body) as {
      payload: { receiptNumber?: string; currency: string; totalMinor?: number; amountMinor?: number };
    };
    const { receiptNumber, currency, totalMinor, amountMinor } = payload;
    const number = receiptNumber === undefined ? {} : { receiptNumber };
    return { bytes, ...number, currency, totalMinor: totalMinor ?? amountMinor ?? 0 };
  } catch {
    return { bytes }; // damaged bytes say nothing; head office has the right ones
  }
}
