// A worker: a till of ours that finds its way to the centre open again and sends all it has.
import { openTerminal } from "@tillsync/engine";
import { answer } from "../worker-side.ts";

interface Drain {
  readonly file: string;
  readonly url: string;
  readonly key: string;
  readonly terminal: string;
  readonly shortId: string;
}

answer({
  drain: async ({ file, url, key, terminal, shortId }: Drain) => {
    const begin = performance.now();
    const central = { url, key };
    const till = openTerminal({ file, terminal, shortId, store: "main", currency: "KES", central });
    const { left, reason } = await till.syncNow();
    const ms = performance.now() - begin;
    await till.close();
    if (reason !== null) throw new Error(`${reason.code}: ${reason.message}`);
    return { ms, left };
  },
});
