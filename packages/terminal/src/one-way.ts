import { SyncError } from "@tillsync/protocol";

/** A search goes by exactly one of these. @throws SyncError INVALID_INPUT */
export function onlyOne(what: string, ways: readonly string[], question: Readonly<Record<string, unknown>>): void {
  const given = ways.filter((way) => question[way] !== undefined);
  if (given.length === 1) return;
  const expected = `exactly one of ${ways.join(", ")}`;
  const got = given.length === 0 ? "none of them" : given.join(" and ");
  throw new SyncError("INVALID_INPUT", `${what} are looked up by ${expected}; got ${got}.`, {
    ...{ field: given[1] ?? ways[0] ?? "query", expected, got },
  });
}
