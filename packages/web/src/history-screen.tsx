import { count, duration } from "./format.ts";
import { GrowingList } from "./growing-list.tsx";
import { LightSign } from "./light-sign.tsx";
import { LongText } from "./long-text.tsx";
import { Panel } from "./panel.tsx";
import { texts } from "./texts.ts";
import type { Attempt } from "./till-api.ts";
import { When } from "./when.tsx";

interface History {
  readonly attempts: readonly Attempt[];
  readonly next: string | null;
}

/** When the till tried to reach head office, and what came of it. */
export function HistoryScreen() {
  return (
    <Panel title={texts.historyTitle}>
      <GrowingList
        path="/api/sync/history"
        items={(history: History) => history.attempts}
        hasMore={({ next }) => next !== null}
        keyOf={({ id }) => String(id)}
        none={texts.historyNone}
      >
        {(attempt) => <AttemptLine attempt={attempt} />}
      </GrowingList>
    </Panel>
  );
}

function AttemptLine({ attempt }: { readonly attempt: Attempt }) {
  const { at, outcome, sent, durationMs, attemptNumber, errorMessage, code, shouldRetry, correlationId } = attempt;
  const isOk = outcome === "ok";
  const result = isOk ? (sent > 0 ? texts.attemptSent(count(sent)) : texts.attemptNothing) : texts.attemptFailed;
  return (
    <div className="attempt" data-outcome={outcome}>
      <LightSign light={isOk ? "green" : "red"} />
      <div>
        <p className="line-head">
          <When at={at} seconds />
          <strong>{result}</strong>
          {code !== null && <span className="code">{code}</span>}
        </p>
        <p className="quiet">
          {texts.took(duration(durationMs))} · {texts.attemptNumber(count(attemptNumber))}
          {!isOk && !shouldRetry && ` · ${texts.attemptLast}`}
          {!isOk && <span className="code"> · {correlationId}</span>}
        </p>
        {errorMessage !== null && <LongText>{errorMessage}</LongText>}
      </div>
    </div>
  );
}
