import { canonicalText } from "./canonical.ts";

/**
 * SHA-256 of the UTF-8 bytes of a text, as 64 lower-case hex digits. Handed in by the platform (`node:crypto` on tills and
 * servers), so that this package runs in a browser as it is.
 */
export type Sha256 = (text: string) => string;

/** What the first change of an incarnation follows. */
export const CHAIN_START = "0".repeat(64);

/** Where a change that is sent again in a later life stood first. */
export interface Origin {
  readonly incarnation: string;
  readonly seq: number;
  readonly hash: string;
}

/** All that fixes a change's place in its chain. */
export interface Link {
  readonly terminal: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly prevHash: string;
  readonly origin?: Origin | undefined;
  readonly body: string;
}

/**
 * The hash of a change: SHA-256 over a domain tag, its place, the hash before it and its exact bytes. One flipped bit in a
 * body, a swapped pair or a missing change gives another head. The tag keeps a hash made here from ever meaning anything
 * elsewhere; lines are separated by LF, which none of the parts before the body can contain.
 */
export function linkHash(sha256: Sha256, link: Link): string {
  const origin = link.origin ? `${link.origin.incarnation}:${link.origin.seq}:${link.origin.hash}` : "";
  return sha256(
    `tillsync/change/1\n${link.terminal}\n${link.incarnation}\n${link.seq}\n${link.prevHash}\n${origin}\n${link.body}`,
  );
}

/**
 * The bytes of a private part: personal data of a change with a random salt, so that its hash in the chain gives nothing
 * away, not even by trying every phone number. Erasing these bytes leaves the chain whole.
 *
 * @param salt 32 hex digits from the terminal's own source of chance
 */
export function privateText(fields: Readonly<Record<string, string>>, salt: string): string {
  return canonicalText({ fields, salt });
}

/** The salted hash that stands for a private part in its change's body. */
export function privateHash(sha256: Sha256, text: string): string {
  return sha256(`tillsync/private/1\n${text}`);
}
