import { destinationContract, itemStoreContract } from "./contract/index.ts";
import { FarEnd, type Fate, type Parcel } from "./testing/far-end.ts";
import { MemoryItems } from "./testing/memory-items.ts";

itemStoreContract("in memory", () => new MemoryItems());

destinationContract<Parcel>("in memory", () => {
  let next: Fate = "fine";
  const fate = (): Fate => {
    const now = next;
    next = "fine";
    return now;
  };
  const farEnd = new FarEnd({ nowMs: () => 0, fate });
  return {
    destination: farEnd,
    item: (n) => ({ name: `parcel ${n}` }),
    counted: ({ name }) => farEnd.accepted.filter((one) => one === name).length,
    loseNext: (what) => {
      next = what === "request" ? "request lost" : "answer lost";
    },
    strange: [{ kind: "answer", status: 418, text: "teapot" }],
  };
});
