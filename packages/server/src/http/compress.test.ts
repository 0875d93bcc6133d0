import { describe, expect, it } from "vitest";
import { chooseEncoding } from "./compress.ts";

describe("chooseEncoding", () => {
  it.each([
    [undefined, undefined],
    ["", undefined],
    ["br", undefined],
    ["identity", undefined],
    ["gzip", "gzip"],
    ["gzip, deflate, br, zstd", "zstd"],
    ["zstd;q=0, gzip;q=0.5", "gzip"],
    ["zstd; q=0.000, gzip;q=0", undefined],
    ["*", "zstd"],
    ["*, zstd;q=0", "gzip"],
    ["GZIP", "gzip"],
  ])("answers %j with %s", (accepted, expected) => {
    expect(chooseEncoding(accepted)).toBe(expected);
  });
});
