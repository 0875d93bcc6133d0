import { SyncError } from "@tillsync/protocol";

/** Where a command speaks: people get lines, programs get one JSON value on standard output with `--json`. */
export interface Output {
  readonly json: boolean;
  /** Part of the result, for people. */
  line(text?: string): void;
  /** What is going on, on standard error: never part of a result. */
  progress(text: string): void;
  /** The result, for programs. */
  value(value: unknown): void;
}

export function outputOf({ json = false }: { json?: boolean | undefined }): Output {
  return {
    json,
    line: (text = "") => {
      if (!json) process.stdout.write(`${text}\n`);
    },
    progress: (text) => process.stderr.write(`${text}\n`),
    value: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    },
  };
}

/** Ends a command that failed: one sentence for people, the typed error for programs, exit code 1. */
export function reportFailure(error: unknown, { json = false }: { json?: boolean | undefined } = {}): void {
  process.exitCode = 1;
  if (error instanceof SyncError) {
    process.stderr.write(json ? `${JSON.stringify(error.toBody())}\n` : `tillsync: ${error.message} (${error.code})\n`);
    return;
  }
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === "string" && typeof message === "string") {
    process.stderr.write(
      json ? `${JSON.stringify({ error: { code, message } })}\n` : `tillsync: ${message} (${code})\n`,
    );
    return;
  }
  process.stderr.write(
    `tillsync: something unexpected went wrong; please report it with this text.\n${error instanceof Error ? error.stack : String(error)}\n`,
  );
}

/** A table with columns as wide as they need to be; numbers belong on the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number) => {
    const width = widths[column] ?? 0;
    return right.includes(column) ? text.padStart(width) : text.padEnd(width);
  };
  return rows.map((row) => `  ${row.map(cell).join("  ")}`.trimEnd()).join("\n");
}
