import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ASSETS = fileURLToPath(new URL("../dist/assets", import.meta.url));

/** A cashier's screen may hang on a slow line to its till. */
const MAX_PACKED_BYTES = 150 * 1024;

it("the whole page is small when it is packed", (context) => {
  if (!existsSync(ASSETS)) return context.skip("not run: the page is not built (node scripts/boot.mjs)");
  const packed = readdirSync(ASSETS).filter((name) => name.endsWith(".gz"));
  expect(packed).toHaveLength(2);
  const sizeBytes = packed.reduce((sum, name) => sum + statSync(`${ASSETS}/${name}`).size, 0);
  expect(sizeBytes).toBeLessThan(MAX_PACKED_BYTES);
});
