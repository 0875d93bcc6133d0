import { once } from "node:events";
import { createServer } from "node:net";
import { MAX_REPLY_CHARACTERS } from "@tillsync/lanes";
import { describe, expect, it, onTestFinished } from "vitest";
import { etimsDestination } from "../etims/client/destination.ts";
import { memorySecrets, NEVER, Shop, testSettings } from "../etims/client/testing/shop.ts";
import { ControlUnit } from "../etims/client/unit.ts";
import { startEtimsSimulator } from "../etims/simulator/start.ts";
import { FIRST_DEVICE } from "../etims/simulator/state.ts";
import { sendByHttp, type WireCall } from "./http.ts";

/** Answers each connection with these bytes, whatever it asks, and ends it. */
async function answering(bytes: string): Promise<WireCall> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(bytes));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { method: "POST", url: `http://127.0.0.1:${port}/saveItem?a=1`, headers: {}, body: "{}", timeoutMs: 20_000 };
}

const silent = (arrived: "no" | "perhaps", code: string) => ({ kind: "silence", arrived, code });

describe("one call over HTTP", () => {
  it("gives the answer as it came", async () => {
    const call = await answering("HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\nbusy");
    expect(await sendByHttp(call, NEVER)).toEqual({ kind: "answer", status: 503, text: "busy", retryAfterMs: 7000 });
  });

  it("cannot have arrived where no connection is made", async () => {
    const call = { ...(await answering("")), url: "http://127.0.0.1:1/saveItem" };
    expect(await sendByHttp(call, NEVER)).toMatchObject(silent("no", "UNREACHABLE"));
    const nowhere = { ...call, url: "http://nowhere.invalid/saveItem" };
    expect(await sendByHttp(nowhere, NEVER)).toMatchObject(silent("no", "UNREACHABLE"));
  });

  it("cannot have arrived where TLS fails", async () => {
    const call = await answering("this is no TLS");
    const secure = { ...call, url: call.url.replace("http:", "https:") };
    expect(await sendByHttp(secure, NEVER)).toMatchObject(silent("no", "UNREACHABLE"));
  });

  it("may have arrived where the connection is cut", async () => {
    expect(await sendByHttp(await answering(""), NEVER)).toMatchObject(silent("perhaps", "CUT_OFF"));
    const half = await answering("HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{");
    expect(await sendByHttp(half, NEVER)).toMatchObject(silent("perhaps", "CUT_OFF"));
    const noHttp = await answering("hello\r\n\r\n");
    expect(await sendByHttp(noHttp, NEVER)).toMatchObject(silent("perhaps", "CUT_OFF"));
  });

  it("reads no more than it has room for", async () => {
    const length = MAX_REPLY_CHARACTERS + 1;
    const call = await answering(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n${" ".repeat(length)}`);
    expect(await sendByHttp(call, NEVER)).toMatchObject(silent("perhaps", "TOO_LARGE"));
  });

  it("sends nothing once it is called off", async () => {
    const call = await answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    expect(await sendByHttp(call, AbortSignal.abort())).toMatchObject({ kind: "silence", arrived: "no" });
  });

  it("declares a sale to the simulator, and gives up one that hangs", async () => {
    const simulator = await startEtimsSimulator({ port: 0, seed: 1 });
    onTestFinished(() => simulator.close());
    const shop = Shop.ready();
    for (const device of simulator.state.devices) device.cmcKey = "c0ffee";
    const settings = testSettings("oscu-direct", { baseUrl: `${simulator.url}/etims-api`, timeoutMs: 1_000 });
    const secrets = { ...memorySecrets(), read: shop.secrets.read };
    const destination = etimsDestination(new ControlUnit(settings, { send: sendByHttp, secrets, wallMs: Date.now }));
    const item = shop.item(1);
    expect(destination.outcomeOf(item, await destination.deliver(item, NEVER))).toEqual({ verdict: "accepted" });
    expect(simulator.state.invoices).toMatchObject([{ tin: FIRST_DEVICE.tin, totalCents: 11_600 }]);
    shop.state.faults = simulator.state.faults;
    shop.fault("hang");
    const next = shop.item(2);
    const reply = await destination.deliver(next, NEVER);
    expect(reply).toMatchObject(silent("perhaps", "TIMED_OUT"));
    expect(destination.foundOf(next, await destination.lookUp(next, NEVER))).toEqual({ verdict: "there" });
  });
});
