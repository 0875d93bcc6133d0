import { ERROR_CODES, type ErrorCode } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { type Treatment, treatmentOf } from "./treatment.ts";

const codesThat = (holds: (treatment: Treatment) => boolean) =>
  (Object.keys(ERROR_CODES) as ErrorCode[]).filter((code) => holds(treatmentOf(code))).sort();

describe("the table of failures", () => {
  it("pauses for a person where no hurry helps, and goes on by itself when they have acted", () => {
    expect(codesThat(({ wait }) => wait === "pause")).toEqual([
      "FORBIDDEN",
      "GRANT_REFUSED",
      "MODULE_DIFFERS",
      "PROTOCOL_VERSION",
      "TERMINAL_UNKNOWN",
      "UNAUTHENTICATED",
      "UPGRADE_REQUIRED",
    ]);
  });

  it("halts for nothing", () => {
    expect(codesThat(({ wait }) => wait === "halt")).toEqual([]);
  });

  it("slows down when told to, splits what is too large, and retries everything else at once", () => {
    expect(codesThat(({ wait }) => wait === "throttled")).toEqual(["TOO_MANY_REQUESTS", "UNAVAILABLE"]);
    expect(codesThat(({ wait }) => wait === "split")).toEqual(["TOO_LARGE"]);
    expect(codesThat(({ wait }) => wait === "burst")).toHaveLength(Object.keys(ERROR_CODES).length - 10);
  });

  it("calls a target silent only when nothing answered", () => {
    expect(codesThat(({ shows }) => shows === "silent")).toEqual(["TIMED_OUT", "UNREACHABLE"]);
  });
});
