import { privateHash, type Sha256 } from "./chain.ts";

/**
 * What stands for a private part that was erased on purpose, on either side and on the way: absence alone could not be told
 * from a loss. No private part has these bytes, for each is a canonical object, and no damage turns one into them.
 */
export const ERASED = "erased";

/** How a stored private part stands to the bytes of its change. */
export type PrivatePart =
  /** As its change says: there, none, or erased on purpose. */
  | "whole"
  /** The change has one, and what is stored is not that one, or nothing. */
  | "lost"
  /** The change has none, and something is stored. */
  | "stray";

/**
 * @param wanted the salted hash in the change's own intact bytes; undefined when it has no private part
 * @param text what is stored beside them
 */
export function privatePart(sha256: Sha256, wanted: string | undefined, text: string | null): PrivatePart {
  if (wanted === undefined) return text === null ? "whole" : "stray";
  if (text === null) return "lost";
  return text === ERASED || privateHash(sha256, text) === wanted ? "whole" : "lost";
}

/** Whether a private part that comes from the other side may take the place of one that is lost. */
export function fitsPrivate(sha256: Sha256, body: string, text: string): boolean {
  const wanted = wantedPrivate(body);
  return wanted !== undefined && privatePart(sha256, wanted, text) === "whole";
}

/** The salted hash that a change's bytes hold of its private part. */
export function wantedPrivate(body: string): string | undefined {
  if (!body.includes('"private":"')) return undefined; // what nearly all changes say, without reading them
  try {
    const { private: wanted } = (JSON.parse(body) as { private?: unknown } | null) ?? {};
    return typeof wanted === "string" ? wanted : undefined;
  } catch {
    return undefined; // bytes that nobody can read have no private part either
  }
}
