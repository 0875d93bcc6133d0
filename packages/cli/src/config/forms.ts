import { isIP } from "node:net";

/** A file from .NET's connection string (001: `Data Source=data/POS_Local.db`), or a plain path. */
export function localFileOf(text: string): string | undefined {
  if (/^[a-z]+:\/\//i.test(text) || text.trim() === "") return undefined;
  // Any other part (Cache=, Mode=) would be a setting that we do not obey; better refused than passed over.
  const match = /^\s*(?:data ?source|filename)\s*=\s*([^;]+?)\s*;?\s*$/i.exec(text);
  if (match !== null) return match[1];
  return text.includes("=") || text.includes(";") ? undefined : text;
}

/** `postgresql://...` from what Java programs write, `jdbc:postgresql://...` (004), or from a plain one. */
export function postgresUrlOf(text: string): string | undefined {
  const url = text.replace(/^jdbc:/i, "");
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) return undefined;
  // A socket of this machine is named in the query: `postgresql:///name?host=/run/postgresql`.
  return parsed.hostname !== "" || parsed.searchParams.has("host") ? url : undefined;
}

/** `10.0.0.5,10.1.0.0/16` of addresses and networks with commas. */
export function proxiesOf(text: string): string | undefined {
  const proxies = text.split(",").map((part) => part.trim());
  const valid = proxies.every((proxy) => {
    const [address = "", bits, ...more] = proxy.split("/");
    const version = isIP(address);
    if (version === 0 || more.length > 0) return false;
    return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
  });
  return valid ? proxies.join(",") : undefined;
}

export function uuidOf(text: string): string | undefined {
  const id = text.toLowerCase();
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(id) ? id : undefined;
}

export function zoneOf(text: string): string | undefined {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/** `kind=module,module; kind=...`, tidied; whether the modules exist, and fit together, is the server's to say. */
export function kindsOf(text: string): string | undefined {
  const kinds = text.split(";").map((part) => part.replaceAll(/\s+/g, ""));
  const valid = kinds.every((kind) => /^[a-z][a-z-]{0,31}=[A-Za-z]+(,[A-Za-z]+)*$/.test(kind));
  return valid ? kinds.join("; ") : undefined;
}

/** `kind=scope; kind=...`, tidied. */
export function feedsOf(text: string): string | undefined {
  const feeds = text.split(";").map((part) => part.replaceAll(/\s+/g, ""));
  return feeds.every((feed) => /^[a-z][a-z-]{0,31}=(store|open|own)$/.test(feed)) ? feeds.join("; ") : undefined;
}
