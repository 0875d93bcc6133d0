import { type Amount, SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import { outsideShifts, since } from "./outside.ts";
import { type DocumentSum, documentsOf, type ShiftPart, settledShifts, summed } from "./shift-part.ts";

/** What shifts come to together. */
export interface DaySums {
  readonly shifts: readonly ShiftPart[];
  readonly terminals: readonly {
    readonly terminal: string;
    readonly shortId: string;
    readonly totals: readonly Amount[];
  }[];
  readonly totals: readonly Amount[];
  readonly documents: readonly DocumentSum[];
  readonly exceptions: number;
  readonly overShort: readonly Amount[];
  /** Documents that no shift has, in none of the sums above: of devices of other makes and of head office. */
  readonly outside: readonly DocumentSum[];
}

/** A shift that keeps a day from being closed. */
export interface MissingShift {
  readonly shift: string;
  readonly shortId: string;
}

/** A day of a store: its Z report once it is closed, and until then what it would say and what is missing. */
export interface Day {
  readonly businessDate: string;
  readonly state: "open" | "closed";
  readonly closedAt: string | null;
  readonly actor: string | null;
  readonly reason: string | null;
  /** Of a closed day: as it was then, for ever. */
  readonly report: DaySums;
  /** Of an open day: shifts that are open, and shifts that are closed and not settled. */
  readonly missing: { readonly open: readonly MissingShift[]; readonly unsettled: readonly MissingShift[] };
  /** Of a closed day: what came later. */
  readonly supplement: DaySums;
}

const NOTHING_MISSING = { open: [], unsettled: [] };

/** How a day stands. @throws SyncError NOT_FOUND when the centre knows no shift and no document of it */
export function readDay(pool: pg.Pool, scope: Scope, businessDate: string): Promise<Day> {
  return inScope(pool, scope, async (client) => {
    const day = await readOne(client, scope, businessDate);
    if (day === undefined) throw unknownDay(businessDate);
    return day;
  });
}

/**
 * Locks a day with its Z report. Closing it again answers with the report of the first time. What arrives later for that
 * day is stored and applied like anything else, and shown as its supplement.
 *
 * It takes no lock that an exchange waits for: a shift that is opened or judged at the same moment is in the report, or it
 * is not, and then it is the supplement.
 *
 * @throws SyncError DAY_NOT_SETTLED naming the shifts; NOT_FOUND when the centre knows nothing of that day
 */
export function closeDay(
  pool: pg.Pool,
  scope: Scope,
  { businessDate, actor, reason, nowMs }: { businessDate: string; actor: string; reason: string | null; nowMs: number },
): Promise<Day> {
  return inScope(pool, scope, async (client) => {
    const day = await readOne(client, scope, businessDate);
    if (day === undefined) throw unknownDay(businessDate);
    if (day.state === "closed") return day;
    refuseMissing(day);
    await client.query(INSERT_CLOSE, [
      ...[scope.orgId, scope.storeId, businessDate],
      ...[new Date(nowMs), actor, reason, JSON.stringify(day.report)],
    ]);
    // Somebody else may have closed it meanwhile: what is kept counts.
    return (await readOne(client, scope, businessDate)) ?? day;
  });
}

const INSERT_CLOSE = `
  INSERT INTO day_close (org_id, store_id, business_date, closed_at, actor, reason, report) VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT DO NOTHING`;

const READ_CLOSE = `
  SELECT closed_at AS "closedAt", actor, reason, report FROM day_close WHERE org_id = $1 AND store_id = $2 AND business_date = $3`;

/** A shift counts as settled when its closing was judged, and not as different. */
const MISSING = `
  SELECT d.local_id AS shift, t.short_id AS "shortId", d.state = 'open' AS "isOpen"
  FROM document d
  JOIN terminal t ON t.org_id = d.org_id AND t.store_id = d.store_id AND t.terminal = d.terminal
  WHERE d.org_id = $1 AND d.store_id = $2 AND d.entity = 'shift' AND d.business_date = $3
    AND NOT EXISTS (SELECT FROM shift_settlement s WHERE s.org_id = $1 AND s.store_id = $2 AND s.local_id = d.local_id
      AND s.state <> 'different')
  UNION
  SELECT s.local_id, t.short_id, false
  FROM shift_settlement s
  JOIN terminal t ON t.org_id = s.org_id AND t.store_id = s.store_id AND t.terminal = s.terminal
  WHERE s.org_id = $1 AND s.store_id = $2 AND s.business_date = $3 AND s.state = 'different' AND s.local_id IS NOT NULL
  ORDER BY 2, 1`;

type KeptSums = Omit<DaySums, "outside"> & Partial<Pick<DaySums, "outside">>;
type CloseRow = { closedAt: Date; actor: string; reason: string | null; report: KeptSums };
type MissingRow = MissingShift & { isOpen: boolean };

/** What is missing is read first: a shift that is settled between the two looks is then in the report. */
async function readOne(client: pg.PoolClient, scope: Scope, businessDate: string): Promise<Day | undefined> {
  const parameters = [scope.orgId, scope.storeId, businessDate];
  const [closed] = (await client.query<CloseRow>(READ_CLOSE, parameters)).rows;
  const missing = closed ? [] : (await client.query<MissingRow>(MISSING, parameters)).rows;
  const shifts = await settledShifts(client, scope, businessDate);
  const outside = await outsideShifts(client, scope, businessDate);
  if (closed === undefined) {
    if (shifts.length + missing.length + outside.length === 0) return undefined;
    const of = (isOpen: boolean) =>
      missing.filter((one) => one.isOpen === isOpen).map(({ shift, shortId }) => ({ shift, shortId }));
    const open = { state: "open", closedAt: null, actor: null, reason: null } as const;
    const report = sumsOf(shifts, outside);
    const left = { open: of(true), unsettled: of(false) };
    return { businessDate, ...open, report, missing: left, supplement: sumsOf([], []) };
  }
  const { closedAt, actor, reason } = closed;
  // A report of before such documents were in it says nothing of them.
  const report = { ...closed.report, outside: closed.report.outside ?? [] };
  const reported = new Set(report.shifts.map(placeOf));
  const later = shifts.filter((shift) => !reported.has(placeOf(shift)));
  const supplement = sumsOf(later, since(report.outside, outside));
  const when = { closedAt: closedAt.toISOString(), actor, reason };
  return { businessDate, state: "closed", ...when, report, missing: NOTHING_MISSING, supplement };
}

function placeOf({ terminal, incarnation, seq }: ShiftPart): string {
  return `${terminal}/${incarnation}/${seq}`;
}

function sumsOf(shifts: readonly ShiftPart[], outside: readonly DocumentSum[]): DaySums {
  const terminals = [...Map.groupBy(shifts, ({ terminal }) => terminal)].map(([terminal, own]) => ({
    terminal,
    shortId: own[0]?.shortId ?? "",
    totals: summed(own.map(({ totals }) => totals)),
  }));
  return {
    shifts,
    terminals,
    totals: summed(shifts.map(({ totals }) => totals)),
    documents: documentsOf(shifts),
    exceptions: shifts.reduce((sum, { exceptions }) => sum + exceptions, 0),
    overShort: summed(shifts.map(({ overShort }) => overShort)),
    outside,
  };
}

function refuseMissing({ businessDate, missing: { open, unsettled } }: Day): void {
  if (open.length + unsettled.length === 0) return;
  const list = (shifts: readonly MissingShift[]) =>
    shifts
      .slice(0, 5)
      .map(({ shift, shortId }) => `${shift} on ${shortId}`)
      .join(", ") + (shifts.length > 5 ? ", …" : "");
  const parts = [
    ...(open.length > 0 ? [`open: ${list(open)}`] : []),
    ...(unsettled.length > 0 ? [`not settled yet: ${list(unsettled)}`] : []),
  ];
  const message = `${businessDate} cannot be closed. Shifts ${parts.join("; ")}.`;
  throw new SyncError("DAY_NOT_SETTLED", message, { open, unsettled });
}

function unknownDay(businessDate: string): SyncError {
  const message = `The centre knows no shift and no document of ${businessDate}.`;
  return new SyncError("NOT_FOUND", message, { field: "businessDate", got: businessDate });
}
