// A client process of a test: reads its work from standard input, says "ready", waits for the word to go, posts the same
// request again and again, and prints every answer as one line of JSON.
import { createInterface } from "node:readline";

/** What a poster is to do: the same body `times` times, to the doors in turn. */
export interface PosterWork {
  readonly urls: readonly string[];
  readonly key: string;
  readonly body: string;
  readonly times: number;
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async (): Promise<string> => String((await lines.next()).value);

const { urls, key, body, times } = JSON.parse(await nextLine()) as PosterWork;
process.stdout.write("ready\n");
await nextLine();
const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
for (let turn = 0; turn < times; turn++) {
  const answer = await fetch(`${urls[turn % urls.length]}/api/sync/exchange`, { method: "POST", headers, body });
  process.stdout.write(`${JSON.stringify({ status: answer.status, body: await answer.json() })}\n`);
}
process.stdin.destroy();
