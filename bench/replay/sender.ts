// A worker: sends the pending changes of a till in fixed batches, and then the same bytes again.
import { zstdCompressSync } from "node:zlib";
import { readOnly } from "@tillsync/engine/sqlite";
import { CHAIN_START, PROTOCOL_VERSION } from "@tillsync/protocol";
import { Agent, request } from "undici";
import { answer } from "../worker-side.ts";

interface Given {
  readonly file: string;
  readonly terminal: string;
  readonly url: string;
  readonly key: string;
  readonly batch: number;
}

interface Row {
  readonly hash: string;
  readonly body: string;
}

let agent: Agent | undefined;

answer(
  {
    send: async ({ file, terminal, url, key, batch }: Given) => {
      agent = new Agent({ connections: 1 });
      const bodies = batches(file, terminal, batch);
      const pass = async () => {
        const times: number[] = [];
        for (const body of bodies) {
          const begin = performance.now();
          await post(`${url}/api/sync/exchange`, key, body);
          times.push(performance.now() - begin);
        }
        return times;
      };
      return { first: await pass(), again: await pass() };
    },
  },
  () => agent?.close(),
);

function batches(file: string, terminal: string, size: number): Buffer[] {
  const journal = readOnly(file);
  const [life] = journal.all<{ incarnation: string }>("SELECT incarnation FROM life");
  const rows = journal.all<Row>("SELECT lower(hex(hash)) AS hash, body FROM journal ORDER BY position");
  journal.close();
  const bodies: Buffer[] = [];
  for (let at = 0; at < rows.length; at += size) {
    const changes = rows.slice(at, at + size).map(({ hash, body }) => ({ body, hash }));
    const prevHash = rows[at - 1]?.hash ?? CHAIN_START;
    const place = { terminal, incarnation: life?.incarnation, fromSeq: at + 1, prevHash, headSeq: rows.length };
    bodies.push(
      zstdCompressSync(JSON.stringify({ protocolVersion: PROTOCOL_VERSION, ...place, changes, cursor: null })),
    );
  }
  return bodies;
}

async function post(url: string, key: string, body: Buffer): Promise<void> {
  const headers = { "content-type": "application/json", "content-encoding": "zstd", authorization: `Bearer ${key}` };
  const answer = await request(url, { method: "POST", headers, body, ...(agent ? { dispatcher: agent } : {}) });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(text);
}
