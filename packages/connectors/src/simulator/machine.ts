import type { z } from "zod";
import type { Fault } from "./faults.ts";

/** One request as a service sees it, whoever carried it. Names of headers are lower case. */
export interface ServiceRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What becomes of a request. Who hosts the machine carries it out: the HTTP server, or a simulated network. */
export interface Reply {
  /** Null: the connection is cut and no answer comes. */
  readonly answer: Answer | null;
  /** How long the caller waits for it. */
  readonly afterMs: number;
  /** Spaces that follow the body, in bytes: more than anybody wants to keep in memory. */
  readonly padBytes: number;
  /** Deliveries that are due go out before this answer does. */
  readonly deliverFirst: boolean;
}

/** A request of the service's own: a callback. */
export interface Delivery {
  readonly id: number;
  readonly dueAtMs: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly kind: string;
}

/** How a delivery went; status 0 when nobody answered. */
export interface Delivered {
  readonly status: number;
  readonly body: string;
}

/** A request as the control API lists it. Headers are left out: they hold keys. */
export interface Seen {
  readonly atMs: number;
  readonly operation: string;
  readonly path: string;
  readonly body: string;
  /** Of the answer; 0 when there was none. */
  readonly status: number;
  /** The fault that struck it. */
  readonly fault?: string;
}

/** What the state of each simulated service has. All of it is plain JSON: a copy of it is a snapshot. */
export interface MachineState {
  /** Where chance has got to. The same seed and the same requests at the same times give the same answers. */
  chance: number;
  /** How far control has moved the service's clock against its host's. */
  clockOffsetMs: number;
  faults: Fault[];
  nextFaultId: number;
  seen: Seen[];
}

/** One route of the control API. `says` is what docs/simulators.md says of it. */
export interface ControlRoute<S> {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** May end in `/:id`, which comes as `id`. */
  readonly path: string;
  readonly says: string;
  readonly body?: z.ZodType;
  readonly run: (state: S, given: { readonly body: unknown; readonly id: string }, nowMs: number) => unknown;
}

/**
 * A service as a state machine: state and request give an answer and the next state. It reads no clock, no chance and no
 * network: the time is handed in, chance is in the state, and what it wants to send is fetched by its host. So the
 * simulated world can host it without HTTP. The state is changed in place; a host that wants the one before keeps a copy.
 */
export interface Machine<S extends MachineState> {
  readonly name: string;
  readonly title: string;
  fresh(seed: number): S;
  handle(state: S, request: ServiceRequest, hostMs: number): Reply;
  readonly control: readonly ControlRoute<S>[];
  /** When something happens next without a request, in the host's time. */
  nextDueMs(state: S): number | undefined;
  /** Lets happen what is due, and gives what is to be delivered now. */
  takeDue(state: S, hostMs: number): Delivery[];
  delivered(state: S, delivery: Delivery, outcome: Delivered, hostMs: number): void;
}

/** Requests that are kept for people to look at. */
const KEPT_REQUESTS = 1000;

export function freshMachineState(seed: number): MachineState {
  return { chance: seed >>> 0, clockOffsetMs: 0, faults: [], nextFaultId: 1, seen: [] };
}

/** A number in [0, 1): mulberry32 (Tommy Ettinger), whose state is one whole number. */
export function draw(state: MachineState): number {
  state.chance = (state.chance + 0x6d2b79f5) >>> 0;
  let word = state.chance;
  word = Math.imul(word ^ (word >>> 15), word | 1);
  word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
  return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
}

/** So many characters of the alphabet, by chance. */
export function drawText(state: MachineState, alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[Math.floor(draw(state) * alphabet.length)]).join("");
}

export function remember(
  state: MachineState,
  { path, body }: ServiceRequest,
  came: { readonly operation: string | undefined; readonly fault: Fault | undefined; readonly reply: Reply },
  atMs: number,
): void {
  const { operation = "unknown", fault, reply } = came;
  const struck = fault === undefined ? {} : { fault: fault.kind };
  state.seen.push({ atMs, operation, path, body, status: reply.answer?.status ?? 0, ...struck });
  if (state.seen.length > KEPT_REQUESTS) state.seen.shift();
}

/** Undefined for what is not a JSON object. */
export function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

export function jsonAnswer(status: number, body: unknown): Answer {
  return { status, type: "application/json;charset=UTF-8", body: JSON.stringify(body) };
}

export function plainReply(answer: Answer): Reply {
  return { answer, afterMs: 0, padBytes: 0, deliverFirst: false };
}
