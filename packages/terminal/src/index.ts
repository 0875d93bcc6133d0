export { type TerminalAppOptions, terminalApp } from "./app.ts";
export { type HeadOffice, httpHeadOffice } from "./head-office.ts";
export { startTerminalHttp, type TerminalHttp, type TerminalHttpOptions } from "./start.ts";
