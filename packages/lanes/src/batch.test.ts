import { expect, it } from "vitest";
import { FIRST_BATCH, grown, shrunk } from "./batch.ts";

it("grows to the limit and shrinks to a single change, never to nothing", () => {
  const limit = { changes: 1000, bytes: 4_000_000 };
  let size = FIRST_BATCH;
  for (let i = 0; i < 20; i++) size = grown(size, limit);
  expect(size).toEqual(limit);
  for (let i = 0; i < 40; i++) size = shrunk(size);
  expect(size).toEqual({ changes: 1, bytes: 1024 });
});
