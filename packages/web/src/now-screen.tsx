import { businessDay, count } from "./format.ts";
import { queueOf } from "./light-text.ts";
import { LongText } from "./long-text.tsx";
import { Fact, Panel } from "./panel.tsx";
import { LookUp, Recent } from "./receipts.tsx";
import { texts } from "./texts.ts";
import type { Status } from "./till-api.ts";
import { useTill } from "./till-store.ts";
import { When } from "./when.tsx";

/** How things stand at this moment. */
export function NowScreen() {
  const { status } = useTill();
  return (
    <div className="columns">
      <div>
        {status !== null && <Waiting status={status} />}
        {status !== null && <Way status={status} />}
        <LookUp />
      </div>
      <div>
        {status !== null && <CurrentShift status={status} />}
        <Recent />
      </div>
    </div>
  );
}

function Waiting({ status }: { readonly status: Status }) {
  return (
    <Panel title={texts.queueTitle}>
      <ul className="tiles">
        {queueOf(status).map(({ queueType, pending, failed, oldestAt }) => (
          <li key={queueType} data-type={queueType} data-waits={pending > 0}>
            <p className="quiet">{texts.queueTypes[queueType]}</p>
            <p className="number">{count(pending)}</p>
            <p className="quiet">
              {pending === 0 && texts.nothingWaits}
              {pending > 0 && oldestAt !== null && (
                <>
                  {texts.oldest} <When at={oldestAt} relative />
                </>
              )}
            </p>
            {failed > 0 && (
              <a className="needs" href="#queue">
                {texts.needsPerson(count(failed))}
              </a>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Way({ status }: { readonly status: Status }) {
  const lane = status.lanes.find(({ name }) => name === "central");
  const link = status.connectivity?.find(({ target }) => target === "central");
  const linkState = link?.state as keyof typeof texts.links | undefined;
  const stored = texts.wayStoredOf(count(status.durableThrough), count(status.headSeq));
  return (
    <Panel title={texts.wayTitle}>
      <dl>
        {linkState !== undefined && <Fact name={texts.wayLink}>{texts.links[linkState] ?? linkState}</Fact>}
        <Fact name={texts.wayState}>{lane ? texts.wayStates[lane.state] : "–"}</Fact>
        <Fact name={texts.wayStored}>{stored}</Fact>
        {status.reborn && (
          <Fact name={texts.wayLife}>{texts.wayLifeOf(status.incarnationOrdinal, status.reborn.reason)}</Fact>
        )}
        <Fact name={texts.wayNext}>{lane?.nextAttemptAt ? <When at={lane.nextAttemptAt} seconds /> : "–"}</Fact>
      </dl>
      {lane?.lastError && (
        <>
          <p className="quiet last-error">{texts.wayError}</p>
          <LongText>{`${lane.lastError.code}: ${lane.lastError.message}`}</LongText>
        </>
      )}
    </Panel>
  );
}

function CurrentShift({ status: { shift } }: { readonly status: Status }) {
  return (
    <Panel title={texts.shiftTitle}>
      {shift === null ? (
        <p className="quiet">{texts.shiftNone}</p>
      ) : (
        <dl>
          <Fact name={texts.operator}>{shift.operator}</Fact>
          <Fact name={texts.businessDate}>{businessDay(shift.businessDate)}</Fact>
          <Fact name={texts.since}>
            <When at={shift.openedAt} />
          </Fact>
        </dl>
      )}
    </Panel>
  );
}
