import { businessDay, count, money } from "./format.ts";
import { GrowingList } from "./growing-list.tsx";
import { Panel } from "./panel.tsx";
import { texts } from "./texts.ts";
import type { Money, ShiftRow } from "./till-api.ts";
import { When } from "./when.tsx";

/** Each shift, newest first, and whether head office has the same, byte for byte. */
export function ShiftsScreen() {
  return (
    <Panel title={texts.shiftsTitle}>
      <GrowingList
        path="/api/shifts"
        items={({ shifts }: { readonly shifts: readonly ShiftRow[] }) => shifts}
        hasMore={({ shifts }, limit) => shifts.length >= limit}
        keyOf={({ localId }) => localId}
        none={texts.shiftsNone}
      >
        {(shift) => <ShiftLine shift={shift} />}
      </GrowingList>
    </Panel>
  );
}

function ShiftLine({ shift }: { readonly shift: ShiftRow }) {
  const { operator, businessDate, openedAt, closedAt, changes, totals, overShort = [] } = shift;
  return (
    <div className="shift">
      <div>
        <p className="line-head">
          <strong>{operator}</strong>
          <span>{businessDay(businessDate)}</span>
        </p>
        <p className="quiet">
          {closedAt === null && `${texts.openSince} `}
          <When at={openedAt} onDayOf={`${businessDate}T12:00:00Z`} />
          {closedAt !== null && (
            <>
              {" – "}
              <When at={closedAt} onDayOf={openedAt} />
            </>
          )}
          {` · ${texts.changes(count(changes))}`}
        </p>
        <p className="amounts">
          {totals.map((total) => (
            <span key={`${total.currency} ${total.tender}`}>
              <span className="quiet">{total.tender}</span> {money(total.amountMinor, total.currency)}
            </span>
          ))}
          {overShort.filter(({ amountMinor }) => amountMinor !== 0).map(overShortText)}
        </p>
      </div>
      <Settlement shift={shift} />
    </div>
  );
}

function overShortText({ amountMinor, currency, tender = "" }: Money) {
  const amount = money(Math.abs(amountMinor), currency);
  return (
    <span key={`over ${currency} ${tender}`} className="needs">
      {tender} {amountMinor > 0 ? texts.over(amount) : texts.short(amount)}
    </span>
  );
}

function Settlement({ shift: { settlement, closedAt } }: { readonly shift: ShiftRow }) {
  const { state, at, exceptions, differences } = settlement ?? {
    state: closedAt === null ? ("open" as const) : ("waiting" as const),
    at: null,
    exceptions: 0,
    differences: 0,
  };
  return (
    <div className="settlement" data-state={state}>
      <p className="pill">{texts.settlements[state]}</p>
      {exceptions > 0 && <p className="quiet">{texts.exceptions(count(exceptions))}</p>}
      {differences > 0 && <p className="quiet">{texts.differences(count(differences))}</p>}
      {at !== null && (
        <p className="quiet">
          {texts.settledAt} <When at={at} />
        </p>
      )}
    </div>
  );
}
