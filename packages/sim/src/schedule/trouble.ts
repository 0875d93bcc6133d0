import type { FaultName, Faults } from "../faults.ts";
import type { Link, LinkState } from "../net/network.ts";
import type { Server } from "../net/server.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";

/** Everything between the tills of a shop and the centre that can be wrong for a while. */
export interface Way {
  readonly links: readonly Link[];
  readonly servers: readonly Server[];
  readonly faults: Faults;
  readonly timeline: Timeline;
  readonly random: Random;
}

/** One way in which a target does not answer as it should. */
export interface Trouble {
  readonly name: string;
  /** Nothing gets through while it lasts, so each probe of that time has met it. */
  readonly isSteady: boolean;
  /** Probes do not meet it, so an exchange has to. */
  readonly isForExchanges?: boolean;
  /** Longer ones would be nothing but events. */
  readonly mostMs?: number;
  /** @returns what ends it */
  begin(way: Way): () => void;
}

const HOUR = 3_600_000;

const link = (state: LinkState): Trouble => ({
  name: state,
  isSteady: true,
  begin: ({ links }) => {
    set(links, state);
    return () => set(links, "up");
  },
});

function set(links: readonly Link[], state: LinkState): void {
  for (const each of links) each.state = state;
}

const always = (name: FaultName, more: Partial<Trouble> = {}): Trouble => ({
  name,
  isSteady: true,
  ...more,
  begin: ({ faults }) => {
    faults[name] = 1;
    return () => {
      faults[name] = 0;
    };
  },
});

export const TROUBLES: readonly Trouble[] = [
  link("refusing"),
  link("silent"),
  link("deaf"),
  always("captivePortal"),
  always("loseRequest"),
  always("loseAnswer"),
  always("truncatedAnswer"),
  always("garbageAnswer"),
  always("hungExchange"),
  always("slowLink", { isSteady: false }),
  // 401, 403, 413, 426, 429, 500, 503, each exchange another one; an upgrade, a key that is renewed, an overload.
  always("doorRefuses", { isForExchanges: true, mostMs: 48 * HOUR }),
  {
    name: "centreDown",
    isSteady: true,
    begin: ({ servers }) => {
      for (const server of servers) server.crash();
      return () => {
        for (const server of servers) server.start();
      };
    },
  },
  {
    name: "flapping",
    isSteady: false,
    mostMs: HOUR,
    begin: (way) => {
      let isUp = true;
      let cancel = () => {};
      const flap = () => {
        isUp = !isUp;
        set(way.links, isUp ? "up" : way.random.pick(["refusing", "silent", "deaf"]));
        cancel = way.timeline.after(way.random.between(50, 20_000), flap);
      };
      flap();
      return () => {
        cancel();
        set(way.links, "up");
      };
    },
  },
];
