export { fuzzLiveServer, fuzzLiveTerminal } from "../hostile/testing/fuzz-live.ts";
export { LiveDoors, memoryOf } from "../hostile/testing/live-doors.ts";
export { type CatalogueFigures, type CatalogueOutcome, loadCatalogue } from "./catalogue.ts";
export { type KillRoundFigures, type KillRoundOptions, killRounds } from "./kill-rounds.ts";
export { killPostgresUnderLoad, type PostgresKillFigures, type PostgresKillOptions } from "./postgres-kills.ts";
export {
  type ReplayInDemo,
  type ReplayOptions,
  type ReplayReport,
  replayAndCount,
  replayInDemo,
} from "./replay-in-demo.ts";
export { type RestoreRoundsFigures, type RestoreRoundsOptions, restoreRounds } from "./server-restores.ts";
export { TwoServers } from "./two-servers.ts";
export { upgradeEitherSide } from "./upgrade.ts";
