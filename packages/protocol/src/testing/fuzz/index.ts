export { Chance, fuzzSeed, tellFigures } from "./chance.ts";
export { HOSTILE_NAMES, HOSTILE_TEXTS, HOSTILE_VALUES, RawJson } from "./hostile.ts";
export { FUZZ_INPUTS } from "./inputs.ts";
export { Mutator } from "./mutator.ts";
export { type DoorExample, type HostileRequest, hostileRequest, type RequestOptions } from "./request.ts";
export { type FuzzFigures, FuzzTally } from "./tally.ts";
