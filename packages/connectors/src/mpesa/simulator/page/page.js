import { ask, element, follow, money, show, table, tiles } from "../../../simulator/page/elements.js";

/** Newest first; the rest is in the control API. */
const SHOWN = 200;
const ANSWERS = { approve: "Approve", cancel: "Cancel", wrongPin: "Wrong PIN", noMoney: "Too little money" };

async function read() {
  const paths = ["counts", "pushes", "phones", "charges"];
  const [counts, pushes, phones, { charges, doubleCharges }] = await Promise.all(
    paths.map((path) => ask(`/control/${path}`)),
  );
  const open = pushes.filter(({ result }) => result === null);
  return {
    counts,
    open,
    phones,
    charges: charges.slice(0, SHOWN),
    doubles: doubleCharges.map(({ receipt }) => receipt),
  };
}

const redraw = follow(read, ({ counts, open, phones, charges, doubles }) => {
  show("counts", tiles(counts, ["doubleCharges"]));
  show("prompts", ...(open.length === 0 ? ["No phone is asked for anything."] : open.map(prompt)));
  show("phones", table(["Phone", "Owner", "Balance KES", "By itself"], phones.map(wallet)));
  const rows = charges.map((charge) => chargeCells(charge, doubles));
  show("charges", rows.length === 0 ? "None yet." : table(["Receipt", "Phone", "KES", "Reference", "How"], rows));
});

function prompt({ checkoutRequestId, msisdn, amount, accountReference }) {
  const buttons = Object.entries(ANSWERS).map(([answer, text]) =>
    element("button", {
      className: answer === "approve" ? "primary" : "",
      textContent: text,
      onclick: () => reply(checkoutRequestId, answer),
    }),
  );
  return element(
    "section",
    { className: "card phone", ariaLabel: `Phone ${msisdn}` },
    element("p", { className: "quiet" }, msisdn),
    element("p", {}, `Do you want to pay Ksh ${amount} to TILLSYNC SIMULATED SHOP, account ${accountReference}?`),
    element("div", { className: "row" }, ...buttons),
    element("p", { className: "quiet" }, "Leave it alone to let it time out."),
  );
}

async function reply(id, answer) {
  const alert = document.getElementById("alert");
  try {
    await ask(`/control/pushes/${encodeURIComponent(id)}/answer`, { answer });
    alert.textContent = "";
  } catch (error) {
    alert.textContent = error.message;
  }
  await redraw();
}

function wallet({ msisdn, name, balanceCents, habit }) {
  return [msisdn, name, money(balanceCents), habit === "ask" ? "asks" : habit];
}

function chargeCells({ receipt, msisdn, amount, reference, checkoutRequestId }, doubles) {
  const how = checkoutRequestId === null ? "by hand" : "push";
  return [receipt, msisdn, String(amount), reference, doubles.includes(receipt) ? `${how}, charged twice` : how];
}
