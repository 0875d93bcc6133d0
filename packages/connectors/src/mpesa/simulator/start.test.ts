import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { request } from "undici";
import { expect, it, onTestFinished } from "vitest";
import { startMpesaSimulator } from "./start.ts";
import { Talk } from "./testing/talk.ts";

/** A shop that takes callbacks, and says what had come when the push was answered. */
async function shop() {
  const bodies: string[] = [];
  const server = createServer((asked, answer) => {
    let body = "";
    asked.on("data", (chunk) => {
      body += chunk;
    });
    asked.on("end", () => {
      bodies.push(body);
      answer.end('{"ResultCode":0,"ResultDesc":"Accepted"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/cb/1` };
}

async function simulator() {
  const running = await startMpesaSimulator({ port: 0, seed: 1 });
  onTestFinished(() => running.close());
  const post = (path: string, body: unknown, headers = {}) =>
    request(`${running.url}${path}`, { method: "POST", body: JSON.stringify(body), headers });
  // The client of the tests without HTTP makes the bodies, and what it would send is sent.
  const push = async (changes: Record<string, unknown>) => {
    const talk = new Talk();
    talk.nowMs = Date.now();
    const authorization = `Basic ${btoa("tillsync:tillsync-secret")}`;
    const got = await request(`${running.url}/oauth/v1/generate?grant_type=client_credentials`, {
      headers: { authorization },
    });
    const { access_token: token } = (await got.body.json()) as { access_token: string };
    talk.push(changes);
    const body = JSON.parse(talk.state.seen.at(-1)?.body ?? "");
    const answer = await post("/mpesa/stkpush/v1/processrequest", body, {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
    });
    return (await answer.body.json()) as { CheckoutRequestID: string };
  };
  return { ...running, post, push };
}

it("asks a phone, takes a person's answer and calls the shop", async () => {
  const { bodies, url } = await shop();
  const { post, push, state } = await simulator();
  state.settings.callbackDelayMs = 0;
  const { CheckoutRequestID } = await push({ CallBackURL: url });
  await (await post(`/control/pushes/${CheckoutRequestID}/answer`, { answer: "approve" })).body.dump();
  await expect.poll(() => bodies.length).toBe(1);
  expect(JSON.parse(bodies[0] ?? "")).toMatchObject({ Body: { stkCallback: { ResultCode: 0, CheckoutRequestID } } });
});

it("calls the shop before it answers the push, when that is ordered", async () => {
  const { bodies, url } = await shop();
  const { post, push } = await simulator();
  await (await post("/control/faults", { kind: "callbackEarly" })).body.dump();
  const answered = push({ CallBackURL: url }).then((answer) => ({ answer, before: bodies.length }));
  const { answer, before } = await answered;
  expect(before).toBe(1);
  expect(bodies[0]).toContain(answer.CheckoutRequestID);
});
