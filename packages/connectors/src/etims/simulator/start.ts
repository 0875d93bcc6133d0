import { type RunningSimulator, type SimulatorOptions, startSimulator } from "../../simulator/server.ts";
import { etimsMachine } from "./etims-machine.ts";
import type { EtimsState } from "./state.ts";

type StartOptions = Omit<SimulatorOptions<EtimsState>, "machine" | "page">;

/** KRA eTIMS behind HTTP, with its page. @throws SyncError as `startSimulator` */
export function startEtimsSimulator(options: StartOptions): Promise<RunningSimulator<EtimsState>> {
  return startSimulator({ ...options, machine: etimsMachine, page: new URL("page/", import.meta.url) });
}
