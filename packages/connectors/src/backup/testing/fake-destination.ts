import { SyncError } from "@tillsync/protocol";
import type { BackupDestination, BackupFile, Piece, Standing } from "../destination.ts";

/** What becomes of the next call: it is done and the answer lost, it is refused, or nobody is there. */
export type Fault = "answer lost" | "full" | "refused" | "nobody" | "takes nothing";

/** A destination in memory, with the faults of real ones. */
export class FakeDestination implements BackupDestination {
  readonly name = "fake";
  readonly faults: Fault[] = [];
  readonly calls: string[] = [];
  readonly kept = new Map<string, number>();
  closed = false;

  lookUp(backup: BackupFile): Promise<Standing> {
    return this.#call("look up", () => this.#standing(backup));
  }

  deliver(backup: BackupFile, { offset, bytes }: Piece): Promise<Standing> {
    return this.#call(`deliver ${offset}`, () => {
      if ((this.kept.get(backup.sha256) ?? 0) === offset) this.kept.set(backup.sha256, offset + bytes.length);
      return this.#standing(backup);
    });
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  #standing({ sha256, bytes }: BackupFile): Standing {
    const received = this.kept.get(sha256) ?? 0;
    return { received, whole: received === bytes };
  }

  async #call(what: string, work: () => Standing): Promise<Standing> {
    this.calls.push(what);
    const fault = this.faults.shift();
    if (fault === "nobody") throw new SyncError("UNREACHABLE", "Nobody is there.");
    if (fault === "refused") throw new SyncError("FORBIDDEN", "This key does not open it.");
    if (fault === "full") throw new SyncError("STORE_FULL", "The disk is full.");
    if (fault === "takes nothing") return { received: 0, whole: false };
    const answer = work();
    if (fault === "answer lost") throw new SyncError("TIMED_OUT", "The answer was lost.");
    return answer;
  }
}
