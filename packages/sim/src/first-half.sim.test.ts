import { describeSeeds } from "./testing/seed-range.ts";

describeSeeds(1, 2);
