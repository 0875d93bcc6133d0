import { describeSeeds } from "./testing/seed-range.ts";

describeSeeds(2, 2);
