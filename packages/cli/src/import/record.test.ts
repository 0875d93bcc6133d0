import { SyncError } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import type { ImportedDocument } from "./documents.ts";
import { type Progress, type RefusedDocument, recordAll } from "./record.ts";
import { FakeTill } from "./testing/fake-till.ts";

const DAYS = ["2026-01-16", "2026-01-17", "2026-01-18"] as const;

describe("an import through one terminal", () => {
  it("opens one shift per business date and closes the last", async () => {
    const till = await FakeTill.start();
    const seen: Progress[] = [];
    const result = await recordAll(week(), till, { onProgress: (progress) => seen.push(progress) });
    expect(result).toEqual({
      documents: 9,
      recorded: 9,
      duplicates: 0,
      refused: 0,
      renumbered: 0,
      shifts: 3,
      retries: 0,
      businessDate: DAYS[2],
    });
    expect(seen.map(({ documents }) => documents)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(till.shifts).toEqual(DAYS);
    expect(till.shift).toBeNull();
    for (const { businessDate, draft } of week()) expect(till.kept.get(draft.localId)?.businessDate).toBe(businessDate);
  });

  it("closes a shift of another date that is open, and uses one of the same date", async () => {
    const till = await FakeTill.start();
    till.shift = { businessDate: "2025-12-31", operator: "amina" };
    await recordAll(week(), till);
    expect(till.shifts).toEqual(DAYS);
    till.shift = { businessDate: DAYS[0], operator: "amina" };
    await recordAll(week("again-"), till);
    expect(till.shifts).toEqual([...DAYS, DAYS[1], DAYS[2]]);
  });

  it("run again records only what is missing, without empty shifts on the way", async () => {
    const till = await FakeTill.start();
    await recordAll(week().slice(0, 4), till);
    expect(await recordAll(week(), till)).toMatchObject({ documents: 9, recorded: 5, duplicates: 4 });
    expect(till.shifts).toEqual([DAYS[0], DAYS[1], DAYS[1], DAYS[2]]);
    expect(await recordAll(week(), till)).toMatchObject({ recorded: 0, duplicates: 9, shifts: 0 });
  });

  it("closes a shift that somebody else opens in between, and gives up when that goes on", async () => {
    const till = await FakeTill.start();
    // The third request is the first opening.
    till.faults.push(undefined, undefined, "rival");
    expect(await recordAll(week(), till)).toMatchObject({ recorded: 9, shifts: 3 });
    for (const { businessDate, draft } of week()) expect(till.kept.get(draft.localId)?.businessDate).toBe(businessDate);
    till.faults.push(...Array.from({ length: 40 }, () => "rival" as const));
    await expect(recordAll(week("other-"), till)).rejects.toThrow("Somebody else opens shifts on the terminal");
  });

  it("leaves no shift open or closed when there is nothing to import", async () => {
    const till = await FakeTill.start();
    till.shift = { businessDate: DAYS[0], operator: "amina" };
    expect(await recordAll([], till)).toMatchObject({ documents: 0 });
    expect(till.shift).not.toBeNull();
  });

  it("shows the terminal its key", async () => {
    const till = await FakeTill.start();
    till.key = "secret";
    expect(await recordAll(week(), { url: till.url, key: "secret" })).toMatchObject({ recorded: 9 });
    await expect(recordAll(week(), { url: till.url, key: "other" })).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});

describe("a terminal that dies in the middle", () => {
  it.each(["dead", "mute", "UNAVAILABLE", "LOCKED"] as const)(
    "is asked again, whichever request it was (%s)",
    async (fault) => {
      const requests = 1 + 9 + 3 + 3 + 3;
      for (let at = 0; at < requests; at++) {
        const till = await FakeTill.start();
        till.faults.push(...Array.from({ length: at }, () => undefined), fault, fault);
        const { documents, retries } = await recordAll(week(), till, { clock: quickClock() });
        expect([documents, retries]).toEqual([9, 2]);
        expect(till.shift).toBeNull();
        expect([...till.kept.values()].map(({ businessDate }) => businessDate)).toEqual(
          week().map(({ businessDate }) => businessDate),
        );
        expect(till.shifts).toEqual(DAYS);
      }
    },
  );

  it("is given up after the patience asked for, with what to do", async () => {
    const clock = quickClock();
    const dead = FakeTill.start().then(async (till) => {
      till.faults.push(...Array.from({ length: 1000 }, () => "dead" as const));
      return till;
    });
    const importing = recordAll(week(), await dead, { clock, patienceMs: 30_000 });
    await expect(importing).rejects.toThrow(
      /gave no usable answer for 30 s .* run the import again: it continues where it stopped/,
    );
    expect(clock.monotonicMs()).toBeLessThanOrEqual(30_000);
    expect(clock.monotonicMs()).toBeGreaterThan(27_000);
  });
});

describe("a document that a terminal refuses", () => {
  it("ends the import", async () => {
    const till = await FakeTill.start();
    await recordAll(week().slice(0, 2), till);
    const other = week().map((document, index) => (index === 1 ? changed(document) : document));
    await expect(recordAll(other, till)).rejects.toMatchObject({ code: "LOCAL_ID_TAKEN" });
    expect(till.kept.size).toBe(2);
  });

  it("is told and passed over when the caller listens", async () => {
    const till = await FakeTill.start();
    await recordAll(week().slice(0, 2), till);
    const refused: RefusedDocument[] = [];
    const other = week().map((document, index) => (index === 1 ? changed(document) : document));
    const result = await recordAll(other, till, { onRefused: (each) => refused.push(each) });
    expect(result).toMatchObject({ documents: 9, recorded: 7, duplicates: 1, refused: 1 });
    expect(refused.map(({ document, error }) => [document.draft.localId, error.code])).toEqual([
      ["d-1", "LOCAL_ID_TAKEN"],
    ]);
  });

  it("is also one that the terminal holds under another business date", async () => {
    const till = await FakeTill.start();
    await recordAll(week().slice(0, 1), till);
    const moved = week()
      .slice(0, 1)
      .map((document) => ({ ...document, businessDate: DAYS[2] }));
    await expect(recordAll(moved, till)).rejects.toThrow(
      "Document d-0 is on the terminal under business date 2026-01-16; the file says 2026-01-18.",
    );
  });
});

describe("an import through several terminals", () => {
  it("gives each its documents in turn, the same ones in every run", async () => {
    const tills = [await FakeTill.start(), await FakeTill.start()];
    expect(await recordAll(week(), tills)).toMatchObject({ documents: 9, recorded: 9, shifts: 6 });
    expect(tills.map((till) => [...till.kept.keys()].sort())).toEqual([
      ["d-0", "d-2", "d-4", "d-6", "d-8"],
      ["d-1", "d-3", "d-5", "d-7"],
    ]);
    expect(await recordAll(week(), tills)).toMatchObject({ recorded: 0, duplicates: 9 });
  });

  it("refuses to start without one, or with an address that is none", async () => {
    await expect(recordAll(week(), [])).rejects.toThrow("needs at least one terminal");
    await expect(recordAll(week(), { url: "till" })).rejects.toThrow(
      'The terminal must be an address such as http://127.0.0.1:7070; got "till".',
    );
  });
});

it("stops when the caller says so", async () => {
  const till = await FakeTill.start();
  const stop = new AbortController();
  const onProgress = ({ documents }: Progress) =>
    documents === 3 && stop.abort(new SyncError("TERMINAL_STOPPED", "Ctrl-C"));
  await expect(recordAll(week(), till, { onProgress, signal: stop.signal })).rejects.toThrow("Ctrl-C");
  expect(till.kept.size).toBe(3);
});

/** Three documents of each kind over three days, the inventory update first in the day: it may be taken without a shift. */
function week(prefix = "d-"): ImportedDocument[] {
  return DAYS.flatMap((businessDate, day): ImportedDocument[] => {
    const id = (index: number) => `${prefix}${day * 3 + index}`;
    const occurredAt = `${businessDate}T10:00:00.000Z`;
    return [
      {
        kind: "inventory",
        businessDate,
        draft: { localId: id(0), item: "bread", delta: "10", type: "delivery", occurredAt },
      },
      { kind: "order", businessDate, draft: { localId: id(1), lines: [], tenders: [], occurredAt } },
      { kind: "transaction", businessDate, draft: { localId: id(2), type: "paid-in", amountMinor: 100, occurredAt } },
    ];
  });
}

function changed(document: ImportedDocument): ImportedDocument {
  return { ...document, draft: { ...document.draft, reference: "changed" } } as ImportedDocument;
}

/** A clock whose waits pass at once. */
function quickClock() {
  let nowMs = 0;
  return {
    monotonicMs: () => nowMs,
    after: (delayMs: number, fn: () => void) => {
      nowMs += delayMs;
      setImmediate(fn);
      return () => {};
    },
  };
}
