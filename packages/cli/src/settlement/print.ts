import { formatMinor } from "@tillsync/protocol";
import type { ShiftView } from "@tillsync/server";
import { type Output, table } from "../output.ts";
import type { OwnSide } from "./own-side.ts";

/** A shift on both sides. */
export interface BothSides {
  readonly shift: string;
  readonly shortId: string;
  /** `waiting` while the centre has not compared it. */
  readonly state: ShiftView["state"] | "waiting";
  /** True when both sides hold the same, to the cent and to the byte. */
  readonly equal: boolean;
  readonly till: OwnSide;
  readonly centre: ShiftView | null;
  /** What is not the same, one sentence each. */
  readonly differences: readonly string[];
}

const LISTED = 20;

/** Both columns side by side, then what people have to look at, then every difference. */
export function printSettlement(output: Output, sides: BothSides): void {
  const { shift, shortId, state, till, centre, differences } = sides;
  output.line(`\n${shift} on ${shortId}  ${state.toUpperCase()}`);
  output.line(table([["", "till", "head office"], ...rowsOf(till, centre)], [1, 2]));
  const exceptions = centre?.exceptions ?? [];
  if (exceptions.length > 0) output.line(`  ${centre?.exceptionCount} to look at:`);
  for (const { seq, effect, code } of exceptions.slice(0, LISTED)) output.line(`    ${seq}  ${effect}  ${code ?? ""}`);
  if (exceptions.length > LISTED) output.line(`    … and ${exceptions.length - LISTED} more; --json lists all`);
  for (const difference of differences) output.line(`  different: ${difference}`);
  const healed = [
    ...till.healed.map((seq) => `${seq} at the till`),
    ...(centre?.healed ?? []).map((seq) => `${seq} at head office`),
  ];
  if (healed.length > 0) output.line(`  damaged before, and healed: ${healed.slice(0, LISTED).join(", ")}`);
}

function rowsOf(till: OwnSide, centre: ShiftView | null): string[][] {
  const both = (name: string, of: (side: OwnSide | ShiftView) => string) => [name, of(till), centre ? of(centre) : "-"];
  const kinds = new Set([till, centre].flatMap((side) => Object.keys(side?.counts ?? {})));
  const money = new Map(
    [till, centre]
      .flatMap((side) => side?.totals ?? [])
      .map((amount) => [`${amount.currency} ${amount.tender}`, amount]),
  );
  return [
    both("changes", ({ openSeq, closeSeq }) => `${openSeq} to ${closeSeq}`),
    both("chain head", ({ chainHead }) => chainHead?.slice(0, 16) ?? "-"),
    ...[...kinds].sort().map((kind) => both(kind, ({ counts }) => String(counts[kind] ?? 0))),
    ...[...money]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { currency, tender }]) =>
        both(name, ({ totals }) => {
          const found = totals.find((amount) => amount.currency === currency && amount.tender === tender);
          return formatMinor(found?.amountMinor ?? 0, currency);
        }),
      ),
  ];
}

/** What is not the same on both sides. */
export function differencesOf(till: OwnSide, centre: ShiftView | null): string[] {
  if (centre === null) return ["head office has not compared this shift yet"];
  const nobodys = new Set(centre.lacked);
  const own = till.flaws
    .filter(({ seq }) => !nobodys.has(seq))
    .map(({ seq, what }) => `${seq} is ${words(what)} at the till`);
  const theirs = centre.need.map((seq) => `${seq} is missing or damaged at head office`);
  const rows = rowsOf(till, centre).filter(([, one, other]) => one !== other);
  const numbers = rows.map(([name, one, other]) => `${name}: ${one} at the till, ${other} at head office`);
  return [...own, ...theirs, ...(nobodys.size > 0 ? [] : numbers)];
}

function words(what: string): string {
  if (what === "private") return "without the private part that is its own";
  return what === "hash" ? "filed under a wrong hash" : what;
}
