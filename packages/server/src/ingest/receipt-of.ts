import { parseReceiptNumber, SyncError } from "@tillsync/protocol";
import type { Reading } from "./interpret.ts";
import type { Mark } from "./ports.ts";

/** The highest receipt of the batch; later business dates win over higher sequences. */
export function receiptOf(readings: readonly Reading[]): Mark["receipt"] {
  let highest: Mark["receipt"] = null;
  for (const reading of readings) {
    if (!reading.ok || reading.body.kind !== "order.closed") continue;
    const { receiptNumber } = reading.body.payload;
    const number = /-\d{5,15}$/.test(receiptNumber) ? parsed(receiptNumber) : null;
    if (number === null || (highest !== null && !isHigher(number, highest))) continue;
    // Days are the same from sale to sale: only another one has to be looked up in the calendar.
    if (number.businessDate === highest?.businessDate || isDay(number.businessDate)) highest = number;
  }
  return highest;
}

function isHigher(one: NonNullable<Mark["receipt"]>, other: NonNullable<Mark["receipt"]>): boolean {
  if (one.businessDate !== other.businessDate) return one.businessDate > other.businessDate;
  return one.sequence > other.sequence;
}

function parsed(text: string): Mark["receipt"] {
  try {
    const { businessDate, sequence } = parseReceiptNumber(text);
    return { businessDate, sequence };
  } catch (error) {
    if (error instanceof SyncError) return null; // a number of somebody else's making counts for nothing here
    throw error;
  }
}

/** A day of the calendar, and one that PostgreSQL knows: it has no year 0. */
function isDay(businessDate: string): boolean {
  const real = new Date(`${businessDate}T00:00:00Z`);
  return !Number.isNaN(real.getTime()) && real.toISOString().startsWith(businessDate) && businessDate >= "0001-01-01";
}
