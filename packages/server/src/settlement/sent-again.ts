import { AmountSums, parseBody, type Sha256, type Stretch, SyncError } from "@tillsync/protocol";
import type { TerminalLife } from "../ingest/ports.ts";
import type { SettlementTransaction } from "./ports.ts";
import { surveyShift } from "./survey.ts";

/** Places of one life as its till numbered them. */
export interface Range {
  readonly incarnation: string;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** Lives that are followed back: a till begins a new one when somebody puts its database back. */
const MAX_LIVES = 100;

/**
 * Where changes of a till stand here. A till whose database was copied or put back ends its life where its history and the
 * stored one part, and sends what is behind that place again in a new life: its own numbers of that life mean rows of the
 * new one, while the centre has other changes there. Lives are followed back by what the first change of each says.
 *
 * @param end the last place of the life from which it is looked back
 */
export async function whereNow(
  tx: SettlementTransaction,
  { terminal, incarnation, seq }: TerminalLife & { readonly seq: number },
  range: Range,
  depth = 0,
): Promise<Range[]> {
  const life = { terminal, incarnation };
  if (incarnation === range.incarnation || depth > MAX_LIVES)
    return spanning({ ...range, toSeq: Math.min(range.toSeq, incarnation === range.incarnation ? seq : range.toSeq) });
  const found = await tx.sentAgain(life, range, seq);
  const here = found === undefined ? [] : [{ incarnation, fromSeq: found.fromSeq, toSeq: found.toSeq }];
  const before = { ...range, toSeq: found === undefined ? range.toSeq : found.originSeq - 1 };
  if (before.toSeq < before.fromSeq) return here;
  const parent = await parentOf(tx, life);
  const earlier =
    parent === undefined ? spanning(before) : await whereNow(tx, { terminal, ...parent }, before, depth + 1);
  return [...earlier, ...here];
}

function spanning(range: Range): Range[] {
  return range.toSeq < range.fromSeq ? [] : [range];
}

async function parentOf(tx: SettlementTransaction, life: TerminalLife) {
  const [first] = await tx.rows(life, 1, 1);
  try {
    const read = parseBody(first?.body ?? "");
    if (read.kind !== "terminal.reborn") return undefined;
    return { incarnation: read.payload.parent, seq: read.payload.parentSeq };
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}

/** What a till's stretch comes to, wherever its rows stand now. */
export interface Collected extends Pick<Stretch, "counts" | "totals"> {
  /** Hash of its last row as the till had it; null when that is not here. */
  readonly chainHead: string | null;
  readonly isWhole: boolean;
}

export async function collect(
  tx: SettlementTransaction,
  context: { readonly sha256: Sha256 },
  terminal: string,
  pieces: readonly Range[],
): Promise<Collected> {
  const counts = new Map<string, number>();
  const totals = new AmountSums();
  let isWhole = pieces.length > 0;
  let chainHead: string | null = null;
  for (const { incarnation, fromSeq, toSeq } of pieces) {
    const end = { terminal, incarnation, seq: toSeq + 1 };
    const mark = await tx.mark(end);
    if (mark === undefined || mark.seq < toSeq) {
      isWhole = false;
      continue;
    }
    const { sums, lost } = await surveyShift(tx, context, end, fromSeq);
    isWhole &&= !lost.some((seq) => seq <= toSeq);
    for (const [kind, count] of Object.entries(sums.counts())) counts.set(kind, (counts.get(kind) ?? 0) + count);
    for (const amount of sums.totals()) totals.add(amount);
    const [last] = await tx.rows(end, toSeq, toSeq);
    chainHead = last?.origin?.hash ?? last?.hash ?? null;
  }
  return { counts: Object.fromEntries([...counts].sort()), totals: totals.list(), chainHead, isWhole };
}
