import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Frame, type Page } from "playwright-core";

/** As root in containers, and quiet: Chromium would call home. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** Why no test of the page can run here; undefined when they can. */
export function whyNoBrowser(): string | undefined {
  return process.env.TILLSYNC_TEST_CHROMIUM === undefined
    ? `not run: ${process.env.TILLSYNC_TEST_NO_CHROMIUM ?? "run the part browser (npm test -- browser)"}`
    : undefined;
}

/** The Chromium that `scripts/test-browser.ts` found. */
export function startBrowser(): Promise<Browser> {
  const executablePath = process.env.TILLSYNC_TEST_CHROMIUM ?? "";
  const env = { ...process.env, LC_ALL: "en_US.UTF-8" } as Record<string, string>;
  return chromium.launch({ executablePath, args: FLAGS, env });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong with the page as it is now, one line each. */
export async function axeFindings(page: Page | Frame): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate("axe.run()")) as {
    violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[];
  };
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
}

/** What a test wants to know of a page besides what it shows: everything that it complained of. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // That a till does not answer or refuses is what tests do to the page; it is told of by the page itself.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  return complaints;
}
