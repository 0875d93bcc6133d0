/** Runs a statement in the scope of the store that is searched; its first two parameters are that scope. */
export type Run = <Row extends object>(text: string, ...params: readonly unknown[]) => Promise<Row[]>;

/** What a stored change says, as far as it can be read. */
export function payloadOf(body: Buffer | null): object {
  return readChange(body).payload;
}

/** The same with its id; null when its bytes were lost since: a task says that it was paid, if not how much. */
export function readChange(body: Buffer | null): { readonly changeId: string | null; readonly payload: object } {
  try {
    const { changeId = null, payload } = JSON.parse(body?.toString("utf8") ?? "");
    return { changeId, payload: payload !== null && typeof payload === "object" ? payload : {} };
  } catch {
    return { changeId: null, payload: {} };
  }
}
