import { expect, it } from "vitest";
import { tillsync } from "../testing/tillsync-process.ts";

it("shows an example for each service in its help", async () => {
  for (const name of ["etims", "mpesa"])
    expect((await tillsync("simulate", name, "--help")).stdout).toContain(`Example:\n  tillsync simulate ${name}`);
}, 180_000);

it("refuses a port that is none, and a state file that cannot be read as one", async () => {
  const refusals = [
    [["simulate", "etims", "--port", "0"], "whole number from 1"],
    [["simulate", "mpesa", "--seed", "x"], "whole number from 0"],
    [["simulate", "mpesa", "--state", "package.json"], "(CONFIG_INVALID)"],
  ] as const;
  for (const [words, says] of refusals) {
    const { code, stderr } = await tillsync(...words);
    expect({ words, code, stderr }).toEqual({ words, code: 1, stderr: expect.stringContaining(says) });
  }
}, 180_000);
