import { createHash, timingSafeEqual } from "node:crypto";
import { SyncError } from "@tillsync/protocol";

/** What a request says about where it comes from and what it may do. */
export interface Caller {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  /** The pattern of the route it asks for; undefined when there is none. */
  readonly route: string | undefined;
}

/**
 * Answered without a key: they tell a colour, counts, whether the till lives and what its API is, and nothing else. The
 * page itself tells nothing; it asks for the key, and with it for the data.
 */
const OPEN_ROUTES: ReadonlySet<string | undefined> = new Set([
  "/",
  "/assets/:file",
  "/health",
  "/light",
  "/light.js",
  "/light.css",
  "/light/events",
  "/docs",
  "/docs/openapi.json",
]);

export function isOpenRoute(url: string | undefined): boolean {
  return OPEN_ROUTES.has(url);
}

/** True for names and addresses that only this machine can reach. Ports are not part of `host`. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

/**
 * A listener that other machines reach demands a key; one on loopback may go without.
 *
 * @throws SyncError CONFIG_INVALID
 */
export function checkListenSettings(host: string, key: string | undefined): void {
  if (key === "") {
    throw new SyncError("CONFIG_INVALID", "The key of the terminal is empty; give one, or leave the setting out.", {
      field: "key",
    });
  }
  if (key !== undefined || isLoopback(host)) return;
  const message = `Listening on ${host} opens this till to other machines, so it needs a key; set one, or listen on 127.0.0.1.`;
  throw new SyncError("CONFIG_INVALID", message, { field: "key", expected: "a key, or host 127.0.0.1", got: "no key" });
}

/**
 * Lets a request pass or refuses it.
 *
 * A till on loopback trusts its own machine, but a browser on that machine runs other people's pages. Two of their ways in
 * are closed here: a name of theirs that resolves to 127.0.0.1 (DNS rebinding; the Host header shows it) and a page of
 * theirs that calls us directly (the Origin header shows it).
 *
 * @throws SyncError FORBIDDEN or UNAUTHENTICATED
 */
export function admit(caller: Caller, settings: { readonly host: string; readonly key: string | undefined }): void {
  if (isLoopback(settings.host)) checkHost(caller.host);
  checkOrigin(caller);
  if (settings.key === undefined || OPEN_ROUTES.has(caller.route)) return;
  const bearer = /^Bearer +(.+)$/i.exec(caller.authorization ?? "")?.[1];
  if (bearer !== undefined && sameSecret(bearer, settings.key)) return;
  throw new SyncError("UNAUTHENTICATED", "This till wants its key: send the header Authorization: Bearer <key>.");
}

function checkHost(header: string | undefined): void {
  const name = header?.replace(/:\d+$/, "") ?? "";
  if (isLoopback(name)) return;
  const message = "This till answers only on its own machine; call it as 127.0.0.1 or localhost.";
  throw new SyncError("FORBIDDEN", message, { field: "Host", expected: "127.0.0.1, localhost or [::1]" });
}

function checkOrigin({ origin, host }: Caller): void {
  if (origin === undefined || origin.toLowerCase() === `http://${host}`.toLowerCase()) return;
  const message = "Pages of another site may not call this till.";
  throw new SyncError("FORBIDDEN", message, { field: "Origin", expected: "no Origin header, or the till's own" });
}

/** Compares in a time that says nothing about where the two differ, nor how long the right one is. */
function sameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
