import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countOf } from "@tillsync/protocol/testing";
import { expect, it, onTestFinished } from "vitest";
import { killRounds } from "../testing/kill-rounds.ts";

const SEED = Number(process.env.TILLSYNC_SEED ?? Date.now() % 1_000_000);
/** Each victim several times, also while it starts; `npm run proof -- kills` makes a thousand of them. */
const KILLS = countOf(process.env.TILLSYNC_FULL_COUNTS, { quick: 15, full: 40 });

it(`sells on while tills and server are killed ${KILLS} times and the link breaks: every sale told is there once, with its number`, async () => {
  console.log(`seed ${SEED} (TILLSYNC_SEED)`);
  const dataDir = mkdtempSync(join(tmpdir(), "tillsync-kills-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const { violations, ...figures } = await killRounds({ kills: KILLS, seed: SEED, dataDir });
  console.log(JSON.stringify(figures));
  expect(violations, `seed ${SEED}`).toEqual([]);
  expect(figures.told).toBeGreaterThan(KILLS);
}, 300_000);
