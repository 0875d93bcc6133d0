import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ERROR_CODES, type ErrorCode, isErrorCode, SyncError } from "./errors.ts";

const PAGE = new URL("../../../docs/errors.md", import.meta.url);

/** Rows of the table in docs/errors.md, cells as written. */
function rows(): string[][] {
  const lines = readFileSync(PAGE, "utf8").split("\n");
  const table = lines.filter((line) => line.startsWith("| `"));
  return table.map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

describe("docs/errors.md", () => {
  it("has every code of the code once, in the same order, and no other", () => {
    expect(rows().map(([code]) => code)).toEqual(Object.keys(ERROR_CODES).map((code) => `\`${code}\``));
  });

  it.each(Object.entries(ERROR_CODES))("says of %s what the code says", (code, { status, retryable, who }) => {
    const row = rows().find(([cell]) => cell === `\`${code}\``) ?? [];
    const [, meaning = "", http, retry, actor, action = "", ...rest] = row;
    expect({ http, retry, actor }).toEqual({ http: String(status), retry: retryable ? "yes" : "no", actor: who });
    expect([meaning, action].map((cell) => /^[A-Z].{10,}\.$/.test(cell))).toEqual([true, true]);
    expect(rest).toEqual([]);
  });
});

describe("SyncError", () => {
  it("answers every door in one shape, and its own facts cannot be overwritten by details", () => {
    const error = new SyncError("GAP", "Send from 5 on.", {
      expected: "5",
      code: "FAKE",
      message: "fake",
      retryable: false,
    });
    expect(error.toBody("c-1")).toEqual({
      error: { code: "GAP", message: "Send from 5 on.", retryable: true, expected: "5", correlationId: "c-1" },
    });
    expect(error.toBody()).not.toHaveProperty("error.correlationId");
    expect({ status: error.status, retryable: error.retryable, name: error.name }).toEqual({
      status: 409,
      retryable: true,
      name: "SyncError",
    });
  });

  it("keeps its cause for logs and out of what a peer sees", () => {
    const error = new SyncError("INTERNAL", "It failed.", {}, new Error("password=hunter2"));
    expect(error.cause).toBeInstanceOf(Error);
    expect(JSON.stringify(error.toBody())).not.toContain("hunter2");
    expect(Object.hasOwn(new SyncError("INTERNAL", "It failed."), "cause")).toBe(false);
  });

  it("has an HTTP status of an error for every code", () => {
    const codes = Object.keys(ERROR_CODES) as ErrorCode[];
    expect(codes.filter((code) => !Number.isInteger(new SyncError(code, "x").status))).toEqual([]);
    expect(codes.filter((code) => ERROR_CODES[code].status < 400 || ERROR_CODES[code].status > 599)).toEqual([]);
  });
});

describe("isErrorCode", () => {
  it("knows our codes, and nothing that every object has", () => {
    expect(["GAP", "FORK"].map(isErrorCode)).toEqual([true, true]);
    expect(["gap", "", "constructor", "__proto__", "toString", null, 7, {}].map(isErrorCode)).toEqual(
      Array(8).fill(false),
    );
  });
});
