import { useEffect, useState } from "react";
import { type Answer, post, type SyncResult } from "./till-api.ts";
import { roundSoon } from "./till-store.ts";

/** A result stands this long: later it would contradict what is so by then. */
const SHOWN_MS = 60_000;

export interface SyncNow {
  readonly busy: boolean;
  /** What the last one came to, for a minute. */
  readonly answer: Answer<SyncResult> | null;
  readonly send: () => void;
}

/** Sends what waits, now. Nothing on the page waits for it. */
export function useSyncNow(): SyncNow {
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<Answer<SyncResult> | null>(null);

  useEffect(() => {
    const timer = answer === null ? undefined : setTimeout(() => setAnswer(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [answer]);

  async function send() {
    if (busy) return;
    setBusy(true);
    setAnswer(await post<SyncResult>("/api/sync/now"));
    setBusy(false);
    roundSoon();
  }

  return { busy, answer, send: () => void send() };
}
