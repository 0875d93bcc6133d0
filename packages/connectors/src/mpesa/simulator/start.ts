import { type RunningSimulator, type SimulatorOptions, startSimulator } from "../../simulator/server.ts";
import { mpesaMachine } from "./mpesa-machine.ts";
import type { MpesaState } from "./state.ts";

type StartOptions = Omit<SimulatorOptions<MpesaState>, "machine" | "page">;

/** M-Pesa behind HTTP, with the page of its virtual phones. @throws SyncError as `startSimulator` */
export function startMpesaSimulator(options: StartOptions): Promise<RunningSimulator<MpesaState>> {
  return startSimulator({ ...options, machine: mpesaMachine, page: new URL("page/", import.meta.url) });
}
