import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { PROOFS } from "./proof-parts.ts";

const PROOF = fileURLToPath(new URL("proof.ts", import.meta.url));

function proof(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROOF, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

it("explains itself with every part and an example", () => {
  const { status, stdout } = proof("--help");
  expect(status).toBe(0);
  const told = stdout.replace(/ +/g, " ");
  for (const { name, says } of PROOFS) expect(told).toContain(`\n ${name} ${says}\n`);
  expect(stdout).toContain("Example: npm run proof -- ");
});

it.each([
  [["everything"], 'there is no part "everything"'],
  [["--kills", "many"], '--kills takes a whole number; got "many"'],
  [["--faster"], "--faster"],
])("refuses %j in a sentence, and starts nothing", (args, sentence) => {
  const { status, stdout, stderr } = proof(...args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain(sentence);
});
