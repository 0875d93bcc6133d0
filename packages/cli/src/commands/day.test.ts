import { expect, it } from "vitest";
import { tillsync } from "../testing/tillsync-process.ts";

const DOOR = ["--centre", "http://127.0.0.1:9", "--key", "k"];

it("refuses what is not clear, by name, and ends with 1", async () => {
  const refusals = [
    [["day", "show", "16.01.2026", ...DOOR], "date: a date as YYYY-MM-DD"],
    [["day", "close", "2026-02-30", ...DOOR], "date: a date as YYYY-MM-DD"],
    [["day", "show", "2026-01-16", "--data-dir", "/nowhere/at/all"], "(CONFIG_INVALID)"],
    [["day", "close", ...DOOR], "missing required argument 'date'"],
    [["day", "show", "2026-01-16", ...DOOR], "127.0.0.1:9"],
  ] as const;
  for (const [words, says] of refusals) {
    const { code, stderr } = await tillsync(...words);
    expect({ words, code, stderr }).toEqual({ words, code: 1, stderr: expect.stringContaining(says) });
  }
});

it("shows examples in its help", async () => {
  for (const verb of ["show", "close"])
    expect((await tillsync("day", verb, "--help")).stdout).toContain(`Example:\n  tillsync day ${verb}`);
});
