import { control } from "../../../simulator/control.ts";
import {
  type Delivered,
  type Delivery,
  type Reply,
  readObject,
  type ServiceRequest,
} from "../../../simulator/machine.ts";
import { nairobiStamp } from "../../../simulator/nairobi.ts";
import { MPESA_PATHS, mpesaMachine } from "../mpesa-machine.ts";
import type { MpesaSettings } from "../settings.ts";
import { freshMpesa, type Json, type MpesaState } from "../state.ts";

export const START_MS = Date.parse("2026-10-02T09:00:00Z");
export const PHONE = "254708374149";

export interface Heard {
  readonly reply: Reply;
  readonly status: number;
  readonly json: Json;
}

/** A client of the machine without HTTP, on a clock of the test's. What is delivered is kept. */
export class Talk {
  readonly state: MpesaState;
  nowMs = START_MS;
  token = "";
  readonly received: { readonly delivery: Delivery; readonly json: Json }[] = [];
  /** What the shop says to each delivery. */
  receiver: (delivery: Delivery) => Delivered = () => ({
    status: 200,
    body: '{"ResultCode":"0","ResultDesc":"Accepted"}',
  });

  constructor(settings: Partial<MpesaSettings> = {}, seed = 1) {
    this.state = freshMpesa(seed);
    Object.assign(this.state.settings, settings);
    this.takeToken();
  }

  takeToken(other: Partial<ServiceRequest> = {}): Heard {
    const { consumerKey, consumerSecret } = this.state.settings;
    const heard = this.send({
      method: "GET",
      path: MPESA_PATHS.token,
      query: { grant_type: "client_credentials" },
      headers: { authorization: `Basic ${btoa(`${consumerKey}:${consumerSecret}`)}` },
      body: "",
      ...other,
    });
    if (heard.status === 200) this.token = String(heard.json.access_token);
    return heard;
  }

  ask(operation: keyof typeof MPESA_PATHS, body: Json, other: Partial<ServiceRequest> = {}): Heard {
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/json" };
    const path = MPESA_PATHS[operation];
    return this.send({ method: "POST", path, query: {}, headers, body: JSON.stringify(body), ...other });
  }

  push(changes: Json = {}, other: Partial<ServiceRequest> = {}): Heard {
    const { shortcode } = this.state.settings;
    return this.ask(
      "push",
      {
        ...this.password(),
        TransactionType: "CustomerPayBillOnline",
        Amount: 116,
        PartyA: Number(PHONE),
        PhoneNumber: Number(PHONE),
        PartyB: shortcode,
        CallBackURL: "https://shop.example/cb/1",
        AccountReference: "T01-00001",
        TransactionDesc: "Sale",
        ...changes,
      },
      other,
    );
  }

  query(id: unknown): Heard {
    return this.ask("query", { ...this.password(), CheckoutRequestID: id });
  }

  status(changes: Json = {}): Heard {
    const { initiator, shortcode } = this.state.settings;
    return this.ask("status", {
      Initiator: initiator,
      SecurityCredential: "credential",
      CommandID: "TransactionStatusQuery",
      TransactionID: "UJ2AAAAAAA",
      PartyA: shortcode,
      IdentifierType: "4",
      ResultURL: "https://shop.example/result",
      QueueTimeOutURL: "https://shop.example/timeout",
      Remarks: "check",
      ...changes,
    });
  }

  register(changes: Json = {}): Heard {
    const urls = { ConfirmationURL: "https://shop.example/c", ValidationURL: "https://shop.example/v" };
    return this.ask("register", {
      ShortCode: this.state.settings.shortcode,
      ResponseType: "Completed",
      ...urls,
      ...changes,
    });
  }

  /** Lets the time pass, step by step from one thing to the next, and delivers. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const dueMs = mpesaMachine.nextDueMs(this.state);
      if (dueMs === undefined || dueMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.deliver();
    }
    this.nowMs = untilMs;
  }

  deliver(): void {
    for (const delivery of mpesaMachine.takeDue(this.state, this.nowMs)) {
      this.received.push({ delivery, json: readObject(delivery.body) ?? {} });
      mpesaMachine.delivered(this.state, delivery, this.receiver(delivery), this.nowMs);
    }
  }

  send(request: ServiceRequest): Heard {
    const reply = mpesaMachine.handle(this.state, request, this.nowMs);
    if (reply.deliverFirst) this.deliver();
    return { reply, status: reply.answer?.status ?? 0, json: readObject(reply.answer?.body ?? "") ?? {} };
  }

  control(method: string, path: string, body?: unknown): unknown {
    const text = body === undefined ? "" : JSON.stringify(body);
    return control(mpesaMachine, this.state, { method, path, text }, this.nowMs);
  }

  private password(): Json {
    const { shortcode, passkey } = this.state.settings;
    const Timestamp = nairobiStamp(this.nowMs);
    return { BusinessShortCode: shortcode, Timestamp, Password: btoa(`${shortcode}${passkey}${Timestamp}`) };
  }
}

/** The callback as the shop got it. */
export function callbackOf(talk: Talk, index = 0): Json {
  const body = talk.received[index]?.json.Body as { stkCallback?: Json } | undefined;
  return body?.stkCallback ?? {};
}
