import { SyncError } from "@tillsync/protocol";

/**
 * An address at the centre. The base URL may have a path, where a proxy serves the centre below one.
 *
 * @throws SyncError CONFIG_INVALID
 */
export function centreUrl(url: string, path: string): string {
  const base = URL.parse(url.endsWith("/") ? url : `${url}/`);
  if (base?.protocol === "http:" || base?.protocol === "https:") return new URL(path, base).href;
  const expected = "a URL such as https://sync.example";
  const details = { field: "central.url", expected, got: url };
  throw new SyncError(
    "CONFIG_INVALID",
    `The centre's address must be ${expected}; got ${JSON.stringify(url)}.`,
    details,
  );
}
