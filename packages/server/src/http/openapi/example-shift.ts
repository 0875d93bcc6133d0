/** A settled shift of a second till, of a day of its own: what the examples of days and settlements show. */
export const CLOSED_SHIFT = "shift-20260115-1";
export const CLOSED_DAY = "2026-01-15";
export const SECOND_TERMINAL = "0198c0de-0000-7000-8000-00000000d002";
