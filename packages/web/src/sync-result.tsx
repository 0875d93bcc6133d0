import { count } from "./format.ts";
import { LongText } from "./long-text.tsx";
import { texts } from "./texts.ts";
import type { SyncNow } from "./use-sync-now.ts";

/** How "Sync now" goes, and what it came to. */
export function SyncResultLine({ sync, pending }: { readonly sync: SyncNow; readonly pending: number }) {
  return (
    <div role="status" className="sync-result">
      {sync.busy ? (
        <p>{pending > 0 ? texts.syncLeft(count(pending)) : texts.syncing}</p>
      ) : (
        <Result answer={sync.answer} />
      )}
    </div>
  );
}

function Result({ answer }: Pick<SyncNow, "answer">) {
  if (answer === null) return null;
  if (!answer.ok) return <LongText>{answer.message}</LongText>;
  const { sent, left, reason } = answer.data;
  const result = left === 0 ? texts.sentAll(count(sent)) : texts.sentSome(count(sent), count(left));
  return <LongText>{reason === null ? result : `${result}: ${reason.message}`}</LongText>;
}
