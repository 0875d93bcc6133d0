import { SyncError } from "@tillsync/protocol";
import { z } from "zod";
import { faultSchema, orderFault } from "./faults.ts";
import type { ControlRoute, Machine, MachineState } from "./machine.ts";

/** Makes routes of one state; keeps `run` and its body's schema together. */
export function routesOf<S>() {
  return (route: ControlRoute<S>): ControlRoute<S> => route;
}

/** The part of the control API that every simulated service has. */
export function plainControl<S extends MachineState & { settings: object }>(options: {
  readonly kinds: Readonly<Record<string, string>>;
  readonly settings: z.ZodObject;
  readonly counts: (state: S) => object;
}): ControlRoute<S>[] {
  const { kinds, settings, counts } = options;
  const route = routesOf<S>();
  const clock = z.strictObject({ advanceMs: z.int().min(0).max(4e11) });
  return [
    route({ method: "GET", path: "/control/counts", says: "What is counted.", run: (state) => counts(state) }),
    route({ method: "GET", path: "/control/state", says: "All that the service holds.", run: (state) => state }),
    route({
      method: "GET",
      path: "/control/requests",
      says: "The last 1000 requests: operation, body, status, fault.",
      run: (state) => state.seen,
    }),
    route({ method: "GET", path: "/control/settings", says: "The settings.", run: (state) => state.settings }),
    route({
      method: "PATCH",
      path: "/control/settings",
      says: "Changes the settings that are named.",
      body: settings.partial(),
      run: (state, { body }) => Object.assign(state.settings, body),
    }),
    route({ method: "GET", path: "/control/faults", says: "Faults that will strike.", run: (state) => state.faults }),
    route({
      method: "POST",
      path: "/control/faults",
      says: "Orders a fault.",
      body: faultSchema(kinds),
      run: (state, { body }) => orderFault(state, body as z.infer<ReturnType<typeof faultSchema>>),
    }),
    route({
      method: "DELETE",
      path: "/control/faults",
      says: "Takes all faults back.",
      run: (state) => {
        state.faults = [];
        return state.faults;
      },
    }),
    route({
      method: "POST",
      path: "/control/clock",
      says: "Moves the service's clock on by `advanceMs`.",
      body: clock,
      run: (state, { body }) => {
        state.clockOffsetMs += (body as z.infer<typeof clock>).advanceMs;
        return { clockOffsetMs: state.clockOffsetMs };
      },
    }),
  ];
}

/**
 * One request to the control API of a machine. @throws SyncError NOT_FOUND, INVALID_INPUT
 *
 * @param text body of the request; empty for none
 */
export function control<S extends MachineState>(
  machine: Machine<S>,
  state: S,
  asked: { readonly method: string; readonly path: string; readonly text: string },
  hostMs: number,
): unknown {
  for (const route of machine.control) {
    const id = idIn(route, asked);
    if (id === undefined) continue;
    return route.run(state, { id, body: bodyFor(route, asked.text) }, hostMs + state.clockOffsetMs);
  }
  throw new SyncError("NOT_FOUND", `The control API has no ${asked.method} ${asked.path}; see docs/simulators.md.`);
}

/** Undefined when it is another route; empty when this one has no id in it. */
function idIn<S>({ method, path }: ControlRoute<S>, asked: { method: string; path: string }): string | undefined {
  if (method !== asked.method) return undefined;
  if (path === asked.path) return "";
  const [before = "", after] = path.split(":id");
  if (after === undefined || !asked.path.startsWith(before) || !asked.path.endsWith(after)) return undefined;
  const id = asked.path.slice(before.length, asked.path.length - after.length);
  return id === "" || id.includes("/") ? undefined : id;
}

function bodyFor<S>({ body }: ControlRoute<S>, text: string): unknown {
  if (body === undefined) return undefined;
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch (cause) {
    throw new SyncError("INVALID_INPUT", "The body is not JSON.", { field: "body" }, cause);
  }
  const read = body.safeParse(value);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0] ?? { path: [], message: "not what is wanted" };
  throw new SyncError("INVALID_INPUT", `${path.join(".") || "body"}: ${message}`, { field: path.join(".") || "body" });
}
