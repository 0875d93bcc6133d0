import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { folderDestination } from "./folder.ts";
import { digestOf } from "./pack.ts";
import { backupContract, backupOf, KEPT } from "./testing/contract.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-folder-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const whole = async (own: string) => {
  const names = readdirSync(own).filter((name) => name.endsWith(".age"));
  return Promise.all(names.map(async (name) => (await digestOf(join(own, name))).sha256));
};

backupContract("a folder", async () => {
  const folder = newFolder();
  const destination = folderDestination({ folder, till: "T01-0190a5da", keep: KEPT });
  return { destination, whole: () => whole(join(folder, "T01-0190a5da")) };
});

it("waits for a disk that is not plugged in, and does not make its folder", async () => {
  const folder = join(newFolder(), "usb");
  const destination = folderDestination({ folder, till: "T01-0190a5da", keep: KEPT });
  const { backup } = backupOf(10);
  const looking = destination.lookUp(backup, new AbortController().signal);
  await expect(looking).rejects.toMatchObject({
    code: "UNREACHABLE",
    message: expect.stringContaining("plug the disk in"),
  });
  expect(() => readFileSync(folder)).toThrow(/ENOENT/);
});

it("leaves the backups of other tills alone", async () => {
  const folder = newFolder();
  const { backup, bytes } = backupOf(10);
  const signal = new AbortController().signal;
  for (const till of ["T01-00000001", "T02-00000002"])
    await folderDestination({ folder, till, keep: 1 }).deliver(backup, { offset: 0, bytes }, signal);
  expect(readdirSync(folder).toSorted()).toEqual(["T01-00000001", "T02-00000002"]);
});
