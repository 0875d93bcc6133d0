export { chanceOf } from "./disk/chance.ts";
export { type CutReport, cutPower, traceDay } from "./disk/power-cut-run.ts";
