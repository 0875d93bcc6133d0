import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { LONGEST } from "./test-order.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

it.each(LONGEST)("%s, which is to be begun early, is there", (file) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
});
