import { Button, TextInput, UnstyledButton } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { LongText } from "./long-text.tsx";
import { Loaded, Panel } from "./panel.tsx";
import { texts } from "./texts.ts";
import type { Explanation, RecentRecord } from "./till-api.ts";
import { useData } from "./use-data.ts";
import { When } from "./when.tsx";

/** Where any receipt is. */
export function LookUp() {
  const [typed, setTyped] = useState("");
  const [wanted, setWanted] = useState("");

  function look(event: FormEvent) {
    event.preventDefault();
    setWanted(typed.trim());
  }

  return (
    <Panel title={texts.lookUpTitle}>
      <form className="row" onSubmit={look}>
        <TextInput
          size="md"
          label={texts.lookUpLabel}
          placeholder={texts.lookUpHint}
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button size="md" variant="default" type="submit">
          {texts.lookUp}
        </Button>
      </form>
      <div role="status">{wanted !== "" && <Story key={wanted} id={wanted} />}</div>
    </Panel>
  );
}

/** Everything that happened to one receipt, and where it is now. */
function Story({ id }: { readonly id: string }) {
  const answer = useData<Explanation>(`/api/explain/${encodeURIComponent(id)}`);
  if (answer?.ok === false) return <LongText>{answer.message}</LongText>;
  return (
    <Loaded answer={answer}>
      {({ where, steps }) => (
        <div className="story">
          <LongText>{where}</LongText>
          <ol>
            {steps.map(({ at, what }) => (
              <li key={`${at} ${what}`}>
                {at !== null && (
                  <span className="quiet">
                    <When at={at} />{" "}
                  </span>
                )}
                <LongText>{what}</LongText>
              </li>
            ))}
          </ol>
        </div>
      )}
    </Loaded>
  );
}

/** What was recorded last; where it is stands under it on demand. */
export function Recent() {
  const answer = useData<{ readonly recent: readonly RecentRecord[] }>("/page.json");
  const [open, setOpen] = useState<number | null>(null);
  return (
    <Panel title={texts.recentTitle}>
      <Loaded answer={answer}>
        {({ recent }) => (
          <>
            {recent.length === 0 && <p className="quiet">{texts.recentNone}</p>}
            <ul className="lines">
              {recent.map((record) => (
                <li key={record.seq}>
                  <UnstyledButton
                    className="record"
                    aria-expanded={open === record.seq}
                    onClick={() => setOpen(open === record.seq ? null : record.seq)}
                  >
                    <RecordLine record={record} />
                  </UnstyledButton>
                  {open === record.seq && <Story id={record.receiptNumber ?? record.localId} />}
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function RecordLine({ record }: { readonly record: RecentRecord }) {
  const { receiptNumber, localId, kind, total, atMs, orderSyncStatus } = record;
  const state = orderSyncStatus === null ? undefined : texts.orderStates[orderSyncStatus];
  return (
    <>
      <span className="line-head">
        <span className="id">{receiptNumber ?? localId}</span>
        <span className="amount">{total}</span>
      </span>
      <span className="quiet">
        {texts.kinds[kind] ?? kind} · <When at={atMs} />
        {state !== undefined && ` · ${state}`}
      </span>
    </>
  );
}
