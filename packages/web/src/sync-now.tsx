import { Button } from "@mantine/core";
import { useState } from "react";
import { count } from "./format.ts";
import { LongText } from "./long-text.tsx";
import { texts } from "./texts.ts";
import { type Answer, post, type SyncResult } from "./till-api.ts";
import { roundSoon } from "./till-store.ts";

/** Sends what waits, now. Nothing else on the page waits for it; what became of it stands beside the button. */
export function SyncNow({ pending }: { readonly pending: number }) {
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<Answer<SyncResult> | null>(null);

  async function send() {
    if (busy) return;
    setBusy(true);
    setAnswer(await post<SyncResult>("/api/sync/now"));
    setBusy(false);
    roundSoon();
  }

  // Not disabled while it sends: a keyboard would lose its place on the page.
  return (
    <div className="sync-now">
      <Button size="md" aria-disabled={busy} data-busy={busy} onClick={() => void send()}>
        {texts.syncNow}
      </Button>
      <div role="status" className="sync-result">
        {busy ? (pending > 0 ? texts.syncLeft(count(pending)) : texts.syncing) : answer && <Result answer={answer} />}
      </div>
    </div>
  );
}

function Result({ answer }: { readonly answer: Answer<SyncResult> }) {
  if (!answer.ok) return <LongText>{answer.message}</LongText>;
  const { sent, left, reason } = answer.data;
  return (
    <>
      {left === 0 ? texts.sentAll(count(sent)) : texts.sentSome(count(sent), count(left))}
      {reason !== null && <LongText>{reason.message}</LongText>}
    </>
  );
}
