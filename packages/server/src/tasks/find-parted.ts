import * as sql from "./parted-statements.ts";
import { payloadOf, type Run } from "./search.ts";
import { RAISE } from "./statements.ts";

type Between = readonly [number, number];

/** A life of a terminal that followed another one. */
interface Birth {
  readonly terminal: string;
  readonly shortId: string;
  readonly incarnation: string;
  readonly ordinal: number;
  readonly at: Date;
  readonly body: Buffer | null;
}

interface Reborn {
  readonly parent?: string;
  readonly parentSeq?: number;
  readonly parentHash?: string;
  readonly reason?: string;
}

/**
 * A till's database was copied, put back or lost: one task for each life that began because of it, named by that life. It
 * is open again when the other copy goes on in the old life: then two machines sell under one name.
 */
export async function findParted(run: Run, between: Between, at: Date): Promise<void> {
  const births = await run<Birth>(sql.BIRTHS, ...between);
  for (const terminal of new Set(births.map((birth) => birth.terminal))) {
    const replaced = await run<{ at: Date }>(sql.REPLACEMENTS, terminal);
    let before = new Date(0);
    for (const birth of births.filter((one) => one.terminal === terminal)) {
      const wasMeant = replaced.some((act) => act.at > before && act.at <= birth.at);
      before = birth.at;
      if (!wasMeant) await raiseParted(run, birth, at);
    }
  }
}

async function raiseParted(run: Run, birth: Birth, at: Date): Promise<void> {
  const { terminal, shortId, incarnation, ordinal } = birth;
  const { parent = null, parentSeq = null, parentHash = null, reason = null } = payloadOf(birth.body) as Reborn;
  const [life] =
    parent === null ? [] : await run<{ ordinal: number; lastAt: Date | null }>(sql.PARENT, terminal, parent);
  const goesOn = life?.lastAt != null && life.lastAt > birth.at;
  const evidence = {
    ...{ terminal, shortId, reason },
    parted: { seq: parentSeq, hash: parentHash },
    kept: { incarnation: parent, ordinal: life?.ordinal ?? null, goesOn },
    began: { incarnation, ordinal, at: birth.at.toISOString() },
  };
  await run(RAISE, "till-parted", incarnation, JSON.stringify(evidence), at);
}

interface Numbered {
  readonly receiptNumber: string;
  readonly localId: string;
  readonly terminal: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly ordinal: number;
  readonly occurredAt: Date;
  readonly currency: string | null;
  readonly totalMinor: number | null;
}

/** One number on two papers: both sales stand, each under its own localId. */
export async function findReceiptsTwice(run: Run, between: Between, at: Date): Promise<void> {
  const told = await run<{ receiptNumber: string }>(sql.RECEIPTS_TOLD, ...between);
  if (told.length === 0) return;
  const numbers = told.map(({ receiptNumber }) => receiptNumber);
  const receipts = Map.groupBy(await run<Numbered>(sql.RECEIPTS_TWICE, numbers), (one) => one.receiptNumber);
  for (const [receiptNumber, documents] of receipts) {
    const evidence = { receipts: documents.map(({ receiptNumber: _same, ...document }) => document) };
    await run(RAISE, "receipt-twice", receiptNumber, JSON.stringify(evidence), at);
  }
}
