import { ask, element, follow, money, show, table, tiles } from "../../../simulator/page/elements.js";

/** Newest first; the rest is in the control API. */
const SHOWN = 200;

async function read() {
  const [counts, listed] = await Promise.all([ask("/control/counts"), ask("/control/invoices")]);
  return { counts, ...listed, invoices: listed.invoices.slice(0, SHOWN) };
}

follow(read, ({ counts, invoices, duplicates, gaps }) => {
  show("counts", tiles(counts, ["duplicates", "gaps"]));
  show("invoices", invoices.length === 0 ? "None yet." : table(HEADS, invoices.map(cells)));
  show(
    "wrong",
    element("p", {}, duplicates.length === 0 ? "No sale was declared twice." : "Declared twice:"),
    ...(duplicates.length === 0 ? [] : [table(HEADS, duplicates.map(cells))]),
    element(
      "p",
      {},
      gaps.length === 0
        ? "No number was passed over."
        : `Passed over: ${gaps.map(({ tin, bhfId, invcNo }) => `${tin} ${bhfId} ${invcNo}`).join(", ")}`,
    ),
  );
});

const HEADS = ["Number", "Branch", "Receipt", "Type", "Total KES", "Counter", "Signature"];

function cells({ invcNo, tin, bhfId, trdInvcNo, rcptTyCd, totalCents, curRcptNo, totRcptNo, rcptSign, foreign }) {
  const type = foreign ? "another system's" : rcptTyCd === "R" ? "credit note" : "sale";
  return [String(invcNo), `${tin} ${bhfId}`, trdInvcNo, type, money(totalCents), `${curRcptNo}/${totRcptNo}`, rcptSign];
}
