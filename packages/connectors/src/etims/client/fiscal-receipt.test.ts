import { expect, it } from "vitest";
import { etimsMachine } from "../simulator/etims-machine.ts";
import { type FiscalReceipt, fiscalReceipt, type ReceiptGiven } from "./fiscal-receipt.ts";
import { ETIMS_MODES } from "./paths.ts";
import { NEVER, Shop, START_MS } from "./testing/shop.ts";

const textOf = (reply: { kind: string }) => ("text" in reply ? String(reply.text) : "");

it.each(ETIMS_MODES)("%s: sale and look-up give one block, and KRA knows its QR code", async (mode) => {
  const shop = Shop.ready(mode);
  const { destination, unit } = shop;
  const item = shop.item(1);
  const { sdcId = "" } = shop.state.devices.find(({ kind }) => (kind === "VSCU") === (mode === "vscu")) ?? {};
  const print = (reply: string, more: Partial<ReceiptGiven> = {}) =>
    fiscalReceipt({ reply, sdcId, unit: unit.settings, type: "sale", isCopy: false, ...more });
  const sold = textOf(await destination.deliver(item, NEVER));
  const printed = print(sold);
  expect(printed).toMatchObject({
    date: "16/01/2026",
    time: "12:00:00",
    cuId: sdcId,
    cuInvoiceNo: `${sdcId}/1`,
    counter: "1/1 NS",
  });
  expect(printed?.receiptSignature).toMatch(/^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/);
  expect(printed?.internalData).toMatch(/^([A-Z2-7]{4}-){6}[A-Z2-7]{2}$/);
  expect(print(textOf(await destination.lookUp(item, NEVER)))).toEqual(printed);
  const { pathname, search } = new URL(printed?.qr ?? "");
  const query = Object.fromEntries(new URLSearchParams(search));
  const page = etimsMachine.handle(
    shop.state,
    { method: "GET", path: pathname, query, headers: {}, body: "" },
    START_MS,
  );
  expect(page.answer?.status).toBe(200);
  const labels: (FiscalReceipt | undefined)[] = [
    print(sold, { isCopy: true }),
    print(sold, { type: "credit note", originalCuInvoiceNo: "KRACU1/1" }),
    print(sold, { type: "credit note", isCopy: true }),
  ];
  expect(labels.map((one) => one?.label)).toEqual(["CS", "NC", "CC"]);
  expect(labels[1]).toMatchObject({ originalCuInvoiceNo: "KRACU1/1", notice: expect.stringContaining("CREDIT NOTE") });
});

it("is provisional without a whole signature", () => {
  const unit = { tin: "P051234567X", bhfId: "00", environment: "production" } as const;
  const given = { sdcId: "KRACU1", unit, type: "sale", isCopy: false } as const;
  const data = { curRcptNo: 1, totRcptNo: 1, intrlData: "A", rcptSign: "B", sdcDateTime: "20260116120000" };
  expect(fiscalReceipt({ ...given, reply: JSON.stringify({ resultCd: "000", data }) })?.qr).toBe(
    "https://etims.kra.go.ke/common/link/etims/receipt/indexEtimsReceiptData?Data=P051234567X00B",
  );
  for (const name of Object.keys(data))
    expect(
      fiscalReceipt({ ...given, reply: JSON.stringify({ resultCd: "000", data: { ...data, [name]: null } }) }),
    ).toBeUndefined();
  for (const reply of ["", "<html>", JSON.stringify({ resultCd: "994", data })])
    expect(fiscalReceipt({ ...given, reply })).toBeUndefined();
});
