import type { Effect } from "@tillsync/protocol";
import type { Run } from "./ports.ts";

interface Judged {
  readonly seq: number;
  readonly effect: Effect;
  readonly code: string | null;
  readonly message: string | null;
}

/** Neighbours with the same effect as one run: a batch that is applied whole is one feed entry, not five hundred. */
export function runsOf(changes: readonly Judged[]): Run[] {
  const runs: Run[] = [];
  for (const { seq, effect, code, message } of changes) {
    const last = runs.at(-1);
    if (last && last.toSeq === seq - 1 && last.effect === effect && last.code === code && last.message === message) {
      runs[runs.length - 1] = { ...last, toSeq: seq };
    } else {
      runs.push({ fromSeq: seq, toSeq: seq, effect, code, message });
    }
  }
  return runs;
}
