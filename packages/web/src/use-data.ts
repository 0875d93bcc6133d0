import { useEffect, useState } from "react";
import { type Answer, get } from "./till-api.ts";
import { useTill } from "./till-store.ts";

/**
 * Reads a route now and whenever the till tells of something new. The last data stay until newer are there, and while
 * the till does not answer: the head of the page says that.
 */
export function useData<T>(path: string): Answer<T> | null {
  const { round } = useTill();
  const [answer, setAnswer] = useState<Answer<T> | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round is the reason to read again
  useEffect(() => {
    const leaving = new AbortController();
    void get<T>(path, leaving.signal).then((fresh) => {
      if (leaving.signal.aborted) return;
      setAnswer((last) => (last?.ok === true && !fresh.ok && !fresh.missing ? last : fresh));
    });
    return () => leaving.abort();
  }, [path, round]);
  return answer;
}
