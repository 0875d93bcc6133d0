import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { configurationPage } from "./configuration-page.ts";

it("docs/configuration.md says what keys.ts says; write configurationPage() into it after a change", async () => {
  const page = await readFile(new URL("../../../../docs/configuration.md", import.meta.url), "utf8");
  expect(page).toBe(configurationPage());
});
