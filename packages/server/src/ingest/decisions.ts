import type { ErrorCode } from "@tillsync/protocol";
import type { Essence } from "./interpret.ts";
import type { IngestTransaction } from "./ports.ts";

/** What a person decided about a change that is parked: to try it again, or to give it up. */
export type Decision = Extract<Essence, { readonly payload: { readonly decides: unknown } }>;

export function isDecision(body: Essence): body is Decision {
  return body.kind === "exception.retried" || body.kind === "exception.discarded";
}

interface GivenUp {
  readonly incarnation: string;
  readonly seq: number;
  readonly effect: "conflict";
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Does what a decision says with the parked change that it names, and gives what waits behind that change its turn. With
 * one that is not parked any more, nothing.
 *
 * @returns what became of a change that was given up
 */
export async function carryOut(
  tx: IngestTransaction,
  terminal: string,
  { incarnation, seq, decides }: Decision["payload"],
): Promise<GivenUp | undefined> {
  const life = { terminal, incarnation };
  if (decides === "retry") {
    await tx.resolve(life, seq, "retry");
    return undefined;
  }
  const message = "A person gave this change up; it is kept and will not be applied.";
  const verdict = { effect: "conflict", code: "DISCARDED", message } as const;
  return (await tx.resolve(life, seq, verdict)) ? { incarnation, seq, ...verdict } : undefined;
}
