import { clockOffsetBehind, headerEditsOf, type JournalRow, writtenBy } from "@tillsync/engine";
import { canonicalText, foldHeader, type OrderHeader } from "@tillsync/protocol";
import type { Random } from "../random.ts";
import type { Flaws } from "./convergence.ts";

type Row = Pick<JournalRow, "kind" | "localId" | "body">;
type Header = Readonly<Partial<Record<keyof OrderHeader, string | number | null | undefined>>>;

/** What an edit wrote of a header, and what its author saw. Each value that is written is written once in a schedule. */
export interface MadeHeader {
  readonly localId: string;
  readonly changeId: string;
  readonly header: Header;
  readonly saw: OrderHeader;
}

export interface HeaderPart {
  readonly header?: Header | undefined;
  readonly clockOffsetMs?: number | undefined;
}

interface Asked {
  readonly random: Random;
  readonly flaws: Flaws;
  readonly localId: string;
  readonly occurredAt: string;
  readonly measuredMs: number | undefined;
  readonly shown: OrderHeader;
  /** All edits that the till knows of, those that lost too. */
  readonly known: readonly Row[];
}

/** What a person changes of the header, written as the product writes it. A point of sale sends the rest along as it is. */
export function headerPart({ random, flaws, localId, occurredAt, measuredMs, shown, known }: Asked): HeaderPart {
  if (random.chance(0.4)) return {};
  const value = () => (random.chance(0.15) ? null : String(random.between(1, 1_000_000_000)));
  const given = {
    ...shown,
    ...(random.chance(0.6) ? { label: value() } : {}),
    ...(random.chance(0.3) ? { customerId: value() } : {}),
    ...(random.chance(0.3) ? { covers: random.between(1, 10_000) } : {}),
  };
  const header = flaws.writesUnchanged === true ? given : writtenBy({ localId, ...given }, shown, true);
  if (header === undefined || Object.keys(header).length === 0) return {};
  const before = flaws.stampsByClockAlone === true ? [] : headerEditsOf(known);
  return { header, ...clockOffsetBehind(before, occurredAt, measuredMs) };
}

/** An edit as a till would keep it that goes by when it heard of it. */
export function restamped(body: string, heard: number): string {
  const said = JSON.parse(body) as { occurredAt: string; payload: object };
  const at = Date.UTC(2030, 0, 1) + heard - Date.parse(said.occurredAt);
  return "header" in said.payload
    ? canonicalText({ ...said, payload: { ...said.payload, clockOffsetMs: at } } as never)
    : body;
}

interface Outcome {
  /** By terminal. */
  readonly shows: ReadonlyMap<string, OrderHeader>;
  /** The centre's changes that count, in the order in which they came. */
  readonly applied: readonly Row[];
  readonly made: readonly MadeHeader[];
}

/**
 * Everybody shows what the centre shows; every field is as some edit that counts wrote it; and no value stands that the
 * author of one that counts saw and replaced, because the clocks were wrong or because somebody sent it along unchanged.
 */
export function judgeHeaders(localId: string, { shows, applied, made }: Outcome): string[] {
  const wrong: string[] = [];
  const rows = applied.filter((row) => row.localId === localId);
  const central = foldHeader(headerEditsOf(rows));
  for (const [terminal, shown] of shows)
    if (canonicalText(shown) !== canonicalText(central))
      wrong.push(
        `${localId} has the header ${canonicalText(shown)} on ${terminal}, ${canonicalText(central)} at the centre`,
      );
  const counted = new Set(headerEditsOf(rows).map(({ changeId }) => changeId));
  const writes = made.filter((one) => one.localId === localId && counted.has(one.changeId));
  for (const field of ["label", "customerId", "covers"] as const) {
    const written = writes.filter(({ header }) => header[field] !== undefined);
    const stands = central[field] ?? null;
    if (written.length > 0 && !written.some(({ header }) => (header[field] ?? null) === stands))
      wrong.push(`${field} of ${localId} is ${stands}, which nobody wrote`);
    const replaced = written.find(({ header, saw }) => saw[field] === stands && header[field] !== stands);
    if (stands !== null && replaced !== undefined)
      wrong.push(`${field} of ${localId} is still ${stands}, which ${replaced.changeId} saw and replaced`);
    const alone = written.find(({ header, saw }) => header[field] === saw[field]);
    if (alone !== undefined) wrong.push(`${alone.changeId} wrote ${field} of ${localId} without changing it`);
  }
  return wrong;
}
