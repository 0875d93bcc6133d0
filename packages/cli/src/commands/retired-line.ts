import type { TerminalStatus } from "@tillsync/engine";

/** What a till has given up, in words; nothing when it has everything. */
export function retiredLine({ changes, bytes }: TerminalStatus["retired"]): string | undefined {
  if (changes === 0) return undefined;
  const megabytes = (bytes / 1_000_000).toLocaleString("en", { maximumFractionDigits: 1 });
  const count = changes.toLocaleString("en");
  return `${count} old ${changes === 1 ? "change is" : "changes are"} whole at head office alone (${megabytes} MB); an order is fetched back when it is needed`;
}
