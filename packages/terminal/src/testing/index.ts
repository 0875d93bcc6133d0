export { DOOR } from "../door-limits.ts";
export { fuzzTerminalDoor, fuzzTerminalSales, terminalRequest, terminalRoutesOfDoor } from "./fuzz-terminal.ts";
