import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { FaultProxy } from "./fault-proxy.ts";

describe("a link through the fault proxy", () => {
  it("passes everything, both ways, also what follows the end of one side", async () => {
    const { link } = await echoBehindProxy();
    const text = "x".repeat(3_000_000);
    expect(await answerTo(link, text)).toBe(text);
    expect(await answerTo(link, "")).toBe("");
  });

  it("breaks when it is cut, refuses new connections, and works again when healed", async () => {
    const { link } = await echoBehindProxy();
    const client = await connected(link);
    client.write("hello");
    expect(String((await once(client, "data"))[0])).toBe("hello");
    const broken = closeOf(client);
    link.cut();
    await broken;
    await expect(answerTo(link, "hello")).rejects.toThrow();
    link.heal();
    expect(await answerTo(link, "hello")).toBe("hello");
  });

  it("swallows everything while stalled and stays connected, and breaks what it swallowed from when healed", async () => {
    const { link, received } = await echoBehindProxy();
    const client = await connected(link);
    link.stall();
    client.write("lost");
    // A second connection shows that the first one's bytes had their time to pass.
    const later = await connected(link);
    await new Promise((resolve) => later.write("lost, too", resolve));
    expect(client.destroyed).toBe(false);
    const broken = Promise.all([closeOf(client), closeOf(later)]);
    link.heal();
    await broken;
    expect(await answerTo(link, "hello")).toBe("hello");
    expect(received.join("")).toBe("hello");
  });

  it.each([0, 1, 5, 70_000])("passes exactly %i bytes of a request before it cuts, once", async (bytes) => {
    const { link, received, ended } = await echoBehindProxy();
    link.cutAfterBytes(bytes, "up");
    await answerTo(link, "r".repeat(100_000)).catch(() => {});
    await ended();
    expect(received.join("").length).toBe(bytes);
    expect(await answerTo(link, "again")).toBe("again");
  });

  it("passes exactly so much of an answer", async () => {
    const { link } = await echoBehindProxy();
    link.cutAfterBytes(1000, "down");
    const client = await connected(link);
    let got = 0;
    client.on("data", (piece: Buffer) => {
      got += piece.length;
    });
    const closed = closeOf(client);
    client.write("a".repeat(5000));
    await closed;
    expect(got).toBe(1000);
  });

  it("holds each piece back for the delay, in order, until it is healed", async () => {
    const waits: { delayMs: number; fn: () => void }[] = [];
    const clock = {
      monotonicMs: () => 0,
      after: (delayMs: number, fn: () => void) => {
        waits.push({ delayMs, fn });
        return () => {};
      },
    };
    const { link, received } = await echoBehindProxy(clock);
    link.delay(700);
    const client = await connected(link);
    client.write("one");
    const answered = once(client, "data");
    for (let direction = 0; direction < 2; direction++) {
      await expect.poll(() => waits.length, { interval: 1 }).toBe(direction + 1);
      expect(waits[direction]?.delayMs).toBe(700);
      if (direction === 0) expect(received).toEqual([]);
      waits[direction]?.fn();
    }
    expect(String((await answered)[0])).toBe("one");
    link.heal();
    expect(await answerTo(link, "two")).toBe("two");
    expect(waits).toHaveLength(2);
  });
});

it("breaks the client when the target does not listen", async () => {
  const { link, stop } = await echoBehindProxy();
  await stop();
  await expect(answerTo(link, "hello")).rejects.toThrow();
});

async function echoBehindProxy(clock?: { monotonicMs(): number; after(delayMs: number, fn: () => void): () => void }) {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (piece) => received.push(String(piece)));
    socket.once("end", end);
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  };
  const link = await FaultProxy.open({
    target: { port: (server.address() as AddressInfo).port },
    ...(clock === undefined ? {} : { clock }),
  });
  onTestFinished(async () => {
    await link.close();
    await stop();
  });
  return { link, received, stop, ended: () => ended };
}

async function connected(link: FaultProxy): Promise<Socket> {
  const client = connect({ port: link.port, host: "127.0.0.1" });
  client.on("error", () => {});
  await once(client, "connect");
  return client;
}

/** Its end, whatever brought it about. */
function closeOf(client: Socket): Promise<void> {
  return new Promise((resolve) => client.once("close", () => resolve()));
}

/** Sends, ends, and gives everything that comes back. */
async function answerTo(link: FaultProxy, text: string): Promise<string> {
  const client = connect({ port: link.port, host: "127.0.0.1", allowHalfOpen: true });
  client.end(text);
  let answer = "";
  for await (const piece of client) answer += String(piece);
  return answer;
}
