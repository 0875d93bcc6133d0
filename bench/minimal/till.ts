// A worker: the smallest outbox somebody might write by hand. Batches of 500, two in flight, a sale marked when it is gone.
import Database from "better-sqlite3";
import { Agent, request } from "undici";
import { answer } from "../worker-side.ts";
import type { MinimalPlace, MinimalSale } from "./rows.ts";

const BATCH = 500;
const IN_FLIGHT = 2;

interface Drain {
  readonly file: string;
  readonly url: string;
  readonly place: MinimalPlace;
}

answer({
  drain: async ({ file, url, place }: Drain) => {
    const begin = performance.now();
    const db = new Database(file);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    const next = db.prepare("SELECT seq, hash, body FROM outbox WHERE seq > ? AND sent = 0 ORDER BY seq LIMIT ?");
    const mark = db.prepare("UPDATE outbox SET sent = 1 WHERE seq BETWEEN ? AND ?");
    const agent = new Agent({ connections: IN_FLIGHT });
    let last = 0;
    const lane = async () => {
      for (;;) {
        const sales = next.all(last, BATCH) as MinimalSale[];
        const from = sales[0]?.seq;
        if (from === undefined) return;
        last = sales.at(-1)?.seq ?? last;
        const to = last;
        const body = JSON.stringify({ place, sales });
        const headers = { "content-type": "application/json" };
        const answer = await request(`${url}/batch`, { method: "POST", dispatcher: agent, headers, body });
        const text = await answer.body.text();
        if (answer.statusCode !== 200) throw new Error(text);
        mark.run(from, to);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    const ms = performance.now() - begin;
    const { left } = db.prepare("SELECT count(*) AS left FROM outbox WHERE sent = 0").get() as { left: number };
    await agent.close();
    db.close();
    return { ms, left };
  },
});
