import type { Bench } from "./bench.ts";
import { bytes } from "./bytes/bytes.ts";
import { drain } from "./drain/drain.ts";
import { fanIn } from "./fan-in/fan-in.ts";
import { idle } from "./idle/idle.ts";
import { localWrite } from "./local-write/local-write.ts";
import { memory } from "./memory/memory.ts";
import { lookUp } from "./pull/look-up.ts";
import { pull } from "./pull/pull.ts";
import { replay } from "./replay/replay.ts";
import { selling } from "./selling/selling.ts";

export const BENCHES: readonly Bench[] = [localWrite, selling, drain, replay, fanIn, idle, memory, bytes, pull, lookUp];
