/** Runs a statement in the scope of the store that is searched; its first two parameters are that scope. */
export type Run = <Row extends object>(text: string, ...params: readonly unknown[]) => Promise<Row[]>;

/** What a stored change says, as far as it can be read. */
export function payloadOf(body: Buffer | null): object {
  try {
    const { payload } = JSON.parse(body?.toString("utf8") ?? "") as { payload?: unknown };
    return payload !== null && typeof payload === "object" ? payload : {};
  } catch {
    return {}; // bytes that were lost since: the task says that it was paid, if not how much
  }
}
