export { type TerminalAppOptions, terminalApp } from "./app.ts";
export { startTerminalHttp, type TerminalHttp, type TerminalHttpOptions } from "./start.ts";
