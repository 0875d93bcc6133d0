import { useEffect, useState } from "react";
import { type Answer, get } from "./till-api.ts";
import { useTill } from "./till-store.ts";

interface Read<T> {
  /** What was read last: the path in its round. */
  readonly of: string;
  readonly answer: Answer<T> | null;
}

/**
 * Reads a route now and whenever the till tells of something new; one reading at a time, each to its end, so that a busy
 * till is shown too. The last data stay until newer are there, and while the till does not answer: the head of the page
 * says that.
 */
export function useData<T>(path: string): Answer<T> | null {
  const { round } = useTill();
  const [reading, setReading] = useState(false);
  const [read, setRead] = useState<Read<T>>({ of: "", answer: null });
  const wanted = `${path} ${round}`;
  useEffect(() => {
    if (reading || read.of === wanted) return;
    setReading(true);
    void get<T>(path).then((answer) => {
      setRead((last) => ({ of: wanted, answer: keepsLast(last.answer, answer) ? last.answer : answer }));
      setReading(false);
    });
  }, [path, wanted, reading, read.of]);
  return read.answer;
}

function keepsLast<T>(last: Answer<T> | null, fresh: Answer<T>): boolean {
  return last?.ok === true && !fresh.ok && !fresh.missing;
}
