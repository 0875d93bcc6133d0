import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { BackupDestination, BackupFile } from "../destination.ts";

/** A destination under test, and what it keeps. */
export interface ContractWorld {
  readonly destination: BackupDestination;
  /** Hashes of what it keeps whole, in any order. */
  readonly whole: () => Promise<readonly string[]>;
}

export const KEPT = 3;
const NEVER = new AbortController().signal;
let made = 0;

/** A backup of so many bytes; later ones were taken later. */
export function backupOf(size: number): { readonly backup: BackupFile; readonly bytes: Uint8Array } {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-contract-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const bytes = new Uint8Array(size).map((_, index) => (index * 31 + made * 7) % 251);
  const takenAt = new Date(Date.UTC(2026, 10, 30) + ++made * 60_000).toISOString();
  const name = `T01-${takenAt.replace(/[-:]|\.\d+/g, "")}.till.age`;
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return {
    backup: { file, name, bytes: size, sha256: createHash("sha256").update(bytes).digest("hex"), takenAt },
    bytes,
  };
}

/** What every destination of backups must do; see `BackupDestination`. It keeps `KEPT`. */
export function backupContract(name: string, world: () => Promise<ContractWorld>): void {
  const sendAll = async ({ destination }: ContractWorld, size = 100) => {
    const { backup, bytes } = backupOf(size);
    await destination.deliver(backup, { offset: 0, bytes }, NEVER);
    return backup;
  };

  describe(`${name} as a destination of backups`, () => {
    it("takes pieces in order, and says where to go on", async () => {
      const { destination, whole } = await world();
      const { backup, bytes } = backupOf(100);
      expect(await destination.lookUp(backup, NEVER)).toEqual({ received: 0, whole: false });
      const first = await destination.deliver(backup, { offset: 0, bytes: bytes.subarray(0, 60) }, NEVER);
      expect(first).toEqual({ received: 60, whole: false });
      expect(await destination.lookUp(backup, NEVER)).toEqual(first);
      expect(await whole()).toEqual([]);
      const last = await destination.deliver(backup, { offset: 60, bytes: bytes.subarray(60) }, NEVER);
      expect(last).toEqual({ received: 100, whole: true });
      expect(await destination.lookUp(backup, NEVER)).toEqual(last);
      expect(await whole()).toEqual([backup.sha256]);
    });

    it("is not moved by a piece that came before, comes too early, or after the end", async () => {
      const { destination } = await world();
      const { backup, bytes } = backupOf(100);
      await destination.deliver(backup, { offset: 0, bytes: bytes.subarray(0, 60) }, NEVER);
      const here = { received: 60, whole: false };
      expect(await destination.deliver(backup, { offset: 0, bytes: bytes.subarray(0, 60) }, NEVER)).toEqual(here);
      expect(await destination.deliver(backup, { offset: 80, bytes: bytes.subarray(80) }, NEVER)).toEqual(here);
      await destination.deliver(backup, { offset: 60, bytes: bytes.subarray(60) }, NEVER);
      const again = await destination.deliver(backup, { offset: 60, bytes: bytes.subarray(60) }, NEVER);
      expect(again).toEqual({ received: 100, whole: true });
    });

    it("says whole of nothing that does not give its hash, and begins it anew", async () => {
      const { destination, whole } = await world();
      const { backup, bytes } = backupOf(100);
      const wrong = bytes.map((byte, index) => (index === 50 ? byte ^ 1 : byte));
      await expect(destination.deliver(backup, { offset: 0, bytes: wrong }, NEVER)).rejects.toMatchObject({
        code: "BACKUP_UNREADABLE",
      });
      expect(await whole()).toEqual([]);
      expect(await destination.lookUp(backup, NEVER)).toMatchObject({ received: 0 });
      expect(await destination.deliver(backup, { offset: 0, bytes }, NEVER)).toEqual({ received: 100, whole: true });
    });

    it("keeps the newest, and drops what was never finished", async () => {
      const there = await world();
      const first = backupOf(100);
      await there.destination.deliver(first.backup, { offset: 0, bytes: first.bytes.subarray(0, 10) }, NEVER);
      const sent = [];
      for (let count = 0; count < KEPT + 2; count++) sent.push(await sendAll(there));
      const newest = sent.slice(-KEPT).map(({ sha256 }) => sha256);
      expect((await there.whole()).toSorted()).toEqual(newest.toSorted());
      expect(await there.destination.lookUp(first.backup, NEVER)).toEqual({ received: 0, whole: false });
    });
  });
}
