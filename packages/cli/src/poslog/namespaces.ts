/**
 * What Tillsync writes and reads is POSLog 2.1 (NRF/ARTS IXRetail): the version of the real logs it is tested with, and one
 * namespace for every version up to 6, so a reader of a later one meets the names it knows.
 */
export const POSLOG_VERSION = "2.1";
export const POSLOG = "http://www.nrf-arts.org/IXRetail/namespace/";

/** NCR ACS, a till software whose additions carry money (rewards) and are therefore read. */
export const ACS = "http://www.ncr.com/rsd/acs/tlog/markup/poslog/2.1";

/** Facts of ours that POSLog has no place for. The number counts changes that an older reader would take wrongly. */
export const TILLSYNC = "urn:tillsync:poslog:1";

/** Names as this folder writes them: POSLog's own bare, the others behind these prefixes, whatever the file calls them. */
const PREFIXES: Readonly<Record<string, string>> = { [POSLOG]: "", [ACS]: "acs:", [TILLSYNC]: "tillsync:" };

/** A name without its namespace's address; attributes without a prefix are POSLog's as well. */
export function shortName(namespace: string, local: string): string {
  if (namespace === "") return local;
  return `${PREFIXES[namespace] ?? `{${namespace}}`}${local}`;
}
