import { expect, it } from "vitest";
import { markdownOf, type ProofReport } from "./proof-report.ts";

const REPORT: ProofReport = {
  commit: "abc",
  changedFiles: 0,
  command: "npm run proof -- kills",
  seed: 7,
  finishedAt: "2026-01-16T10:00:00.000Z",
  machine: "linux, 2 cores",
  results: [
    { name: "kills", says: "", seconds: 12.5, figures: { kills: 1000, told: 25_431 }, violations: [] },
    { name: "bakery", says: "", notRun: "the real file is not there" },
  ],
};

it("says what was run on what, and with which seed", () => {
  const page = markdownOf(REPORT);
  for (const fact of ["Commit abc ·", "seed 7", "`npm run proof -- kills` on linux, 2 cores"])
    expect(page).toContain(fact);
  expect(page).toContain("| kills | as promised | 12.5 s | kills 1,000, told 25,431 |");
});

it("says what was not run, and why, instead of leaving it out", () => {
  expect(markdownOf(REPORT)).toContain("| bakery | not run: the real file is not there |  |  |");
});

it("admits that the commit is not what was run", () => {
  expect(markdownOf({ ...REPORT, changedFiles: 3 })).toContain("Commit abc, and 3 changed files");
});

it("lists what was wrong, and how much of it is left out", () => {
  const violations = Array.from({ length: 25 }, (_, index) => `sale ${index} is gone`);
  const page = markdownOf({ ...REPORT, results: [{ name: "kills", says: "", violations }] });
  expect(page).toContain("| kills | **25 violations** |");
  expect(page.match(/^- kills: sale \d+ is gone$/gm)).toHaveLength(20);
  expect(page).toContain("- kills: and 5 more, in proof.json");
});
