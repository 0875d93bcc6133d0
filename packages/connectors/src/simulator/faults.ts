import { z } from "zod";
import { type Answer, draw, type MachineState, type Reply } from "./machine.ts";

/** Faults that any service on the internet has. The sentence is what docs/simulators.md says. */
export const FAULT_KINDS = {
  drop: "The connection is cut without an answer.",
  hang: "Nothing comes for `delayMs` (120000), then the connection is cut.",
  slow: "The answer comes after `delayMs` (30000).",
  status: "HTTP `status` (503) with an empty body.",
  html: "HTTP `status` (403) with an HTML page, as an edge firewall sends it.",
  huge: "The answer is followed by `bytes` (67108864) of spaces.",
  truncated: "The body ends in its middle.",
  empty: "HTTP 200 with an empty body.",
} as const;

export interface Fault {
  readonly id: number;
  readonly kind: string;
  /** The operation that it strikes; `*` for each. */
  readonly on: string;
  /** Whether the service does what was asked, and only the answer is spoilt. */
  readonly carriedOut: boolean;
  /** How often it still strikes; null for ever. */
  times: number | null;
  /** With which probability it strikes. */
  readonly chance: number;
  readonly delayMs?: number | undefined;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly bytes?: number | undefined;
}

/** A fault as it is ordered from control. `kinds`: those of the service, besides those of all. */
export function faultSchema(kinds: Readonly<Record<string, string>>) {
  return z.strictObject({
    kind: z.enum(Object.keys(kinds) as [string, ...string[]]),
    on: z.string().max(40).default("*"),
    carriedOut: z.boolean().default(true),
    times: z.int().min(1).nullable().default(1),
    chance: z.number().gt(0).max(1).default(1),
    delayMs: z.int().min(0).max(3_600_000).optional(),
    status: z.int().min(200).max(599).optional(),
    code: z.string().max(20).optional(),
    message: z.string().max(500).optional(),
    bytes: z.int().min(0).max(1_073_741_824).optional(),
  });
}

export function orderFault(state: MachineState, fault: Omit<Fault, "id">): Fault {
  const ordered = { ...fault, id: state.nextFaultId++ };
  state.faults.push(ordered);
  return ordered;
}

/** The first fault that strikes this operation now, counted down. `kinds` limits which ones may. */
export function takeFault(
  state: MachineState,
  operation: string,
  may: (kind: string) => boolean = () => true,
): Fault | undefined {
  for (const fault of state.faults) {
    if ((fault.on !== "*" && fault.on !== operation) || !may(fault.kind)) continue;
    if (fault.chance < 1 && draw(state) >= fault.chance) continue;
    if (fault.times !== null) fault.times--;
    if (fault.times === 0) state.faults = state.faults.filter(({ id }) => id !== fault.id);
    return fault;
  }
  return undefined;
}

const PAGE =
  '<html><head><title>Error</title></head><body><iframe src="/_Incapsula_Resource?SWUDNSAI=31">Request unsuccessful.</iframe></body></html>';

/** What a fault of all services makes of an answer; undefined for a fault of another kind. */
export function spoil(fault: Fault, answer: Answer): Reply | undefined {
  const reply = { answer, afterMs: 0, padBytes: 0, deliverFirst: false };
  switch (fault.kind as keyof typeof FAULT_KINDS) {
    case "drop":
      return { ...reply, answer: null, afterMs: fault.delayMs ?? 0 };
    case "hang":
      return { ...reply, answer: null, afterMs: fault.delayMs ?? 120_000 };
    case "slow":
      return { ...reply, afterMs: fault.delayMs ?? 30_000 };
    case "status":
      return { ...reply, answer: { ...answer, status: fault.status ?? 503, body: "" } };
    case "html":
      return { ...reply, answer: { status: fault.status ?? 403, type: "text/html", body: PAGE } };
    case "huge":
      return { ...reply, padBytes: fault.bytes ?? 67_108_864 };
    case "truncated":
      return { ...reply, answer: { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) } };
    case "empty":
      return { ...reply, answer: { ...answer, status: 200, body: "" } };
    default:
      return undefined;
  }
}
