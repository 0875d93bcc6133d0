export { type TerminalAppOptions, terminalApp } from "./app.ts";
export { type HeadOffice, httpHeadOffice } from "./head-office.ts";
export type { BackupView, TillBackups } from "./routes/backups.ts";
export type { TillReset } from "./routes/reset.ts";
export { startTerminalHttp, type TerminalHttp, type TerminalHttpOptions } from "./start.ts";
