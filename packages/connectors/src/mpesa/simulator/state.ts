import { type Delivery, freshMachineState, type MachineState } from "../../simulator/machine.ts";
import type { PushResult } from "./result-codes.ts";
import { DEFAULT_MPESA_SETTINGS, type MpesaSettings } from "./settings.ts";

export type Json = Record<string, unknown>;

/** What a phone does with a prompt: wait for a person, or one of these by itself. */
export const HABITS = ["ask", "approve", "cancel", "wrongPin", "ignore", "off", "locked"] as const;
export type Habit = (typeof HABITS)[number];

export interface Phone {
  readonly msisdn: string;
  balanceCents: number;
  habit: Habit;
  readonly name: string;
}

export interface Push {
  readonly merchantRequestId: string;
  readonly checkoutRequestId: string;
  readonly msisdn: string;
  readonly amount: number;
  readonly shortcode: string;
  readonly partyB: string;
  readonly accountReference: string;
  readonly callbackUrl: string;
  readonly createdAtMs: number;
  /** What happens by itself, and when; a person may be quicker. */
  plan: { readonly atMs: number; readonly result: PushResult };
  result: PushResult | null;
  receipt: string | null;
  /** What its callback does, when that was ordered. */
  readonly callback: string | null;
}

/** Money that moved from a phone to the shop. */
export interface Charge {
  readonly receipt: string;
  readonly msisdn: string;
  readonly amount: number;
  readonly shortcode: string;
  /** AccountReference of a push, BillRefNumber of a payment by hand. */
  readonly reference: string;
  readonly atMs: number;
  /** Null for a payment by hand. */
  readonly checkoutRequestId: string | null;
}

/** A payment by hand that waits for the shop's validation. */
export interface Held {
  readonly deliveryId: number;
  readonly payment: {
    readonly msisdn: string;
    readonly amount: number;
    readonly reference: string;
    readonly goods: boolean;
  };
  readonly untilMs: number;
}

export interface MpesaState extends MachineState {
  settings: MpesaSettings;
  token: { readonly token: string; readonly untilMs: number }[];
  phones: Phone[];
  pushes: Push[];
  charges: Charge[];
  held: Held[];
  outbox: Delivery[];
  nextDeliveryId: number;
  delivered: {
    readonly atMs: number;
    readonly kind: string;
    readonly url: string;
    readonly body: string;
    readonly status: number;
  }[];
  c2b: { readonly confirmation: string; readonly validation: string; readonly ifSilent: string } | null;
  pullRegistered: boolean;
  /** Results that the next pushes come to, whatever the phone does. */
  nextResults: PushResult[];
  asked: number;
  askedAtMs: number[];
}

export function freshMpesa(seed: number): MpesaState {
  const phone = (msisdn: string, habit: Habit, name: string): Phone => ({
    msisdn,
    habit,
    name,
    balanceCents: 1_000_000,
  });
  return {
    ...freshMachineState(seed),
    settings: { ...DEFAULT_MPESA_SETTINGS },
    token: [],
    phones: [phone("254708374149", "ask", "Wanjiru"), phone("254711000001", "approve", "Otieno")],
    pushes: [],
    charges: [],
    held: [],
    outbox: [],
    nextDeliveryId: 1,
    delivered: [],
    c2b: null,
    pullRegistered: false,
    nextResults: [],
    asked: 0,
    askedAtMs: [],
  };
}

/** The phone of a number; one that nobody told of belongs to somebody with 10,000.00 who answers by hand. */
export function phoneOf(state: MpesaState, msisdn: string): Phone {
  const known = state.phones.find((phone) => phone.msisdn === msisdn);
  if (known !== undefined) return known;
  const phone: Phone = { msisdn, balanceCents: 1_000_000, habit: "ask", name: "Customer" };
  state.phones.push(phone);
  return phone;
}

/** Puts a callback into the outbox. */
export function post(state: MpesaState, kind: string, url: string, body: unknown, dueAtMs: number): Delivery {
  const delivery: Delivery = {
    id: state.nextDeliveryId++,
    dueAtMs,
    url,
    headers: { "content-type": "application/json;charset=UTF-8", businessshortcode: state.settings.shortcode },
    body: JSON.stringify(body),
    kind,
  };
  state.outbox.push(delivery);
  return delivery;
}
