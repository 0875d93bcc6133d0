import { SyncError } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { failureOf, isConflict, isConnectionLost } from "./failure.ts";

const withCode = (code: string) => Object.assign(new Error("secret row: 0722000000"), { code });

describe("failureOf", () => {
  it.each(["57P01", "08006", "53300", "53100", "57014", "25006", "40P01", "ECONNREFUSED", "ENOTFOUND", "58030"])(
    "takes %s for the database's own trouble",
    (code) => {
      const failure = failureOf(withCode(code));
      expect(failure).toMatchObject({ code: "UNAVAILABLE", retryable: true, details: { part: "database" } });
      expect(failure?.message).not.toContain("0722000000");
    },
  );

  it.each(["23505", "22P02", "42P01", "ENOENT"])("leaves %s to whoever made the statement", (code) => {
    expect(failureOf(withCode(code))).toBeUndefined();
  });

  it("knows the driver's own words for a lost connection", () => {
    for (const message of [
      "Connection terminated unexpectedly",
      "timeout exceeded when trying to connect",
      "Query read timeout",
    ]) {
      expect(isConnectionLost(new Error(message))).toBe(true);
      expect(failureOf(new Error(message))?.code).toBe("UNAVAILABLE");
    }
    expect(isConnectionLost(new Error("anything else"))).toBe(false);
  });

  it("passes our own refusals by", () => {
    expect(failureOf(new SyncError("GAP", "gap"))).toBeUndefined();
  });
});

describe("isConflict", () => {
  it("is true only for what another transaction caused", () => {
    expect(isConflict(withCode("40001"))).toBe(true);
    expect(isConflict(withCode("40P01"))).toBe(true);
    expect(isConflict(withCode("23505"))).toBe(false);
    expect(isConflict(null)).toBe(false);
  });
});
