import type { Random } from "./random.ts";

/**
 * Every fault there is, with the highest probability it gets: per exchange, per crash point, per step of the shop, or (a
 * group near the end) per run. New ones come last: an older seed then keeps the faults that it had.
 */
export const FAULTS = {
  // The network, per exchange.
  loseRequest: 0.25,
  loseAnswer: 0.3,
  slowLink: 0.2,
  duplicateRequest: 0.25,
  truncatedAnswer: 0.1,
  garbageAnswer: 0.1,
  captivePortal: 0.1,
  // The network, per step: a state that lasts a while.
  partition: 0.06,
  blackHole: 0.04,
  oneWay: 0.04,
  flapping: 0.03,
  // The centre, per exchange.
  doorRefuses: 0.15,
  // The centre, per point of a transaction (before each statement, before and after the commit).
  serverCrashAtPoint: 0.01,
  serializationFailure: 0.01,
  commitUnknownAtCentre: 0.05,
  // The centre, per step.
  serverCrash: 0.03,
  databaseRestart: 0.02,
  centreDown: 0.01,
  // The till, per step.
  crash: 0.04,
  crashInTransaction: 0.05,
  powerCut: 0.04,
  cleanStop: 0.03,
  commitErrorKept: 0.04,
  commitErrorLost: 0.04,
  diskFull: 0.02,
  clockJump: 0.04,
  misread: 0.06,
  rot: 0.01,
  // What is sold, per step.
  poison: 0.05,
  plantedRow: 0.03,
  sharedOrder: 0.15,
  // Once per run, with this probability per step.
  copiedTill: 0.004,
  rolledBackTill: 0.004,
  centreRestored: 0.004,
  // Devices of somebody else's and head office, per step and per thing that they do. Without the first there are none.
  foreignDevices: 0.5,
  headOffice: 0.25,
  sharedDocument: 0.35,
  foreignPoison: 0.06,
  // Time: an outage that goes on for minutes to hours while nobody does anything (once per run, per step), a timer of a
  // till that never goes off (per step), and an exchange or a probe that never ends (per exchange).
  outage: 0.006,
  lostTimer: 0.03,
  hungExchange: 0.03,
  // Private parts, on either side, per step.
  privateRot: 0.03,
  // The centre's disk, per step: rows of shifts that are open.
  rotAtCentre: 0.02,
  // Reference data, imports per step. Without it tills have none, and nobody edits customers.
  referenceData: 0.12,
} as const satisfies Record<string, number>;

export type FaultName = keyof typeof FAULTS;

/** Probabilities in force now. Everybody who can go wrong looks here each time, so that healing is one assignment. */
export type Faults = { [name in FaultName]: number };

/** In how many runs a fault takes part: in most runs a few faults, in some nearly all of them. */
const SHARES = [0.2, 0.35, 0.35, 0.5, 0.9];

export function noFaults(): Faults {
  const faults = {} as Faults;
  for (const name of Object.keys(FAULTS) as FaultName[]) faults[name] = 0;
  return faults;
}

/**
 * Swarm testing (Groce et al., ISSTA 2012): each seed switches on a random part of the faults, each at a random rate.
 * With all of them always on, some states are never reached, because another fault always comes first.
 */
export function swarm(random: Random): Faults {
  const faults = noFaults();
  const share = random.pick(SHARES);
  for (const name of Object.keys(FAULTS) as FaultName[]) {
    const on = random.float() < share;
    const rate = FAULTS[name] * (0.2 + 0.8 * random.float());
    if (on) faults[name] = rate;
  }
  return faults;
}

export function heal(faults: Faults): void {
  Object.assign(faults, noFaults());
}
