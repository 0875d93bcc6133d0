import { SyncError } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { sha256 } from "../ledger/sha256.ts";
import { sampleEdit, sampleSale } from "../testing/sample-life.ts";
import type { DocumentState, IngestTransaction, PendingChange, Run, TerminalLife } from "./ports.ts";
import { interpretPending } from "./sweep.ts";

const TERMINAL = "0198c0de-0000-4000-8000-000000000001";
const LIFE = "0123456789abcdef";

function pending(seq: number, body: string, more: Partial<PendingChange> = {}): PendingChange {
  return { incarnation: LIFE, seq, body, private: null, damaged: false, repeat: false, ...more };
}

/** What a sweep asks of its transaction, with a table of documents and nothing else behind it. */
class TakesNotes {
  readonly locked: string[] = [];
  readonly effects = new Map<number, string>();
  readonly fed: (Run & TerminalLife)[] = [];
  readonly states = new Map<string, DocumentState>();
  /** How every document stands when it is looked at a second time: somebody else wrote it meanwhile. */
  appearing: DocumentState | undefined;
  readonly #changes: readonly PendingChange[];
  readonly #failure: unknown;

  constructor(changes: readonly PendingChange[], failure: unknown = undefined) {
    this.#changes = changes;
    this.#failure = failure;
  }

  async run(): Promise<void> {
    const transaction = {
      pending: async () => this.#changes,
      blocked: async () => new Set<string>(),
      document: async (_entity: string, localId: string) => {
        this.locked.push(localId);
        const state = this.locked.length > 1 ? (this.appearing ?? this.states.get(localId)) : this.states.get(localId);
        return state && { state, contentHash: null };
      },
      attempt: async (fn: () => Promise<void>) => this.#failure ?? (await fn()),
      apply: async (_life: TerminalLife, [row]: Parameters<IngestTransaction["apply"]>[1]) => {
        if (row) this.states.set(row.localId, row.state);
      },
      setEffect: async (_life: TerminalLife, runs: readonly Run[]) => {
        for (const { fromSeq, effect } of runs) this.effects.set(fromSeq, effect);
      },
      rejudge: async () => {},
      appendFeed: async (life: TerminalLife, runs: readonly Run[]) => {
        this.fed.push(...runs.map((run) => ({ ...run, ...life })));
      },
    };
    await interpretPending(transaction as unknown as IngestTransaction, TERMINAL, { sha256, nowMs: () => 0 });
  }
}

describe("interpretPending", () => {
  it("locks entities in the order of their localId, and keeps the order of changes within each", async () => {
    const notes = new TakesNotes([
      pending(1, sampleEdit({ localId: "c" }, [])),
      pending(2, sampleSale({ localId: "a" }, 5)),
      pending(3, sampleSale({ localId: "c", version: 2 }, 5)),
      pending(4, sampleSale({ localId: "b" }, 5)),
      pending(5, sampleEdit({ localId: "c", version: 3 }, [])),
    ]);
    await notes.run();
    expect(notes.locked).toEqual(["a", "b", "c", "c", "c"]);
    expect([...notes.effects].sort()).toEqual([
      [1, "applied"],
      [2, "applied"],
      [3, "applied"],
      [4, "applied"],
      [5, "conflict"],
    ]);
  });

  it("tells the feed in the order of the journal, each life by itself", async () => {
    const earlier = "1111111111111111";
    const notes = new TakesNotes([
      pending(8, sampleSale({ localId: "d" }, 5), { incarnation: earlier }),
      pending(9, sampleSale({ localId: "a" }, 5), { incarnation: earlier }),
      pending(1, sampleSale({ localId: "c" }, 5)),
      pending(2, "no JSON"),
      pending(3, sampleSale({ localId: "b" }, 5)),
    ]);
    await notes.run();
    const told = notes.fed.map(({ incarnation, fromSeq, toSeq, effect }) => [incarnation, fromSeq, toSeq, effect]);
    expect(told.sort()).toEqual([
      [LIFE, 1, 1, "applied"],
      [LIFE, 2, 2, "parked"],
      [LIFE, 3, 3, "applied"],
      [earlier, 8, 9, "applied"],
    ]);
  });

  it("never applies a change whose id is stored at another place", async () => {
    const notes = new TakesNotes([pending(1, sampleEdit({ localId: "a" }, []), { repeat: true })]);
    await notes.run();
    expect(notes.fed).toMatchObject([{ effect: "conflict", code: "CHANGE_ID_REUSED" }]);
    expect(notes.states.size).toBe(0);
  });

  it("takes a document that another till closed in between for what it is: a conflict, not a task for people", async () => {
    const failure = new SyncError("ALREADY_CLOSED", "A document of this batch is already final at the centre.");
    const notes = new TakesNotes([pending(1, sampleEdit({ localId: "a" }, []))], failure);
    notes.appearing = "closed";
    await notes.run();
    expect(notes.locked).toEqual(["a", "a"]);
    expect(notes.fed).toMatchObject([{ effect: "conflict", code: "ALREADY_CLOSED" }]);
  });

  it("parks what cannot be applied with a reason that holds nothing of the change", async () => {
    const failure = Object.assign(new Error('invalid input "Wanjiku, +254700000001"'), { code: "22P05" });
    const notes = new TakesNotes([pending(1, sampleSale({ localId: "a" }, 5))], failure);
    await notes.run();
    expect(notes.fed).toMatchObject([{ effect: "parked", code: "APPLY_FAILED" }]);
    expect(notes.fed[0]?.message).toContain("22P05");
    expect(notes.fed[0]?.message).not.toContain("Wanjiku");
  });
});
