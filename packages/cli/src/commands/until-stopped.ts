import type { Output } from "../output.ts";

/** What a supervisor reads from the first line of standard output: the process serves. */
export interface ReadyLine {
  readonly ready: string;
}

/** Set by a supervisor that holds our standard input: when that closes, the supervisor is gone and so are we. */
export const WITH_PARENT = "TILLSYNC_WITH_PARENT";

/**
 * Says that the process serves, then waits for Ctrl-C, a service manager's SIGTERM or the end of its supervisor, and
 * closes. A second signal does not wait.
 */
export async function untilStopped(
  output: Output,
  serving: { url: string; what: string; close: () => Promise<void> },
): Promise<void> {
  if (output.json) process.stdout.write(`${JSON.stringify({ ready: serving.url } satisfies ReadyLine)}\n`);
  else output.line(`${serving.what} at ${serving.url}; Ctrl-C stops it.`);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
    if (process.env[WITH_PARENT]) process.stdin.once("close", () => resolve()).resume();
  });
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  await serving.close();
  process.stdin.destroy();
}
