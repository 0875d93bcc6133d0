export { DOOR } from "../door-limits.ts";
export { watchTerminal } from "../metrics.ts";
export { FakeTerminal } from "./fake-terminal.ts";
export { fuzzTerminalDoor, fuzzTerminalSales, terminalRequest, terminalRoutesOfDoor } from "./fuzz-terminal.ts";
