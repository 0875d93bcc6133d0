import { hundredths } from "./fields.ts";
import { invoiceWith } from "./numbers.ts";
import { type Outcome, refused } from "./result-codes.ts";
import type { Device, EtimsState, Invoice, Json } from "./state.ts";

/** Why a credit note is refused; undefined when it may be raised. */
export function creditNoteRefusal(
  state: EtimsState,
  device: Device,
  note: Json,
  lines: readonly Json[],
): Outcome | undefined {
  if (note.rfdDt === null || note.rfdDt === undefined) return refused("910", "Missing RfdDt Date");
  const original = invoiceWith(state, device, Number(note.orgInvcNo));
  if (original === undefined || original.rcptTyCd !== "S" || original.bhfId !== device.bhfId)
    return refused("910", "orgInvcNo does not exist in the system");
  if (state.settings.creditNoteChecks === "original-only") return undefined;
  if ((note.custTin ?? null) !== original.custTin) return refused("910", "custTin is not the one of orgInvcNo");
  const text = excess(state, original, note, lines);
  return text === undefined ? undefined : refused("910", text);
}

/** What would be given back beyond what the original sold, counting its earlier credit notes. */
function excess(state: EtimsState, original: Invoice, note: Json, lines: readonly Json[]): string | undefined {
  const earlier = state.invoices.filter(
    (one) =>
      one.tin === original.tin &&
      one.bhfId === original.bhfId &&
      one.rcptTyCd === "R" &&
      one.orgInvcNo === original.invcNo,
  );
  const given = earlier.reduce((sum, { totalCents }) => sum + totalCents, hundredths(note.totAmt) ?? 0);
  if (given > original.totalCents) return "totAmt of the credit notes is above the original's";
  const left = new Map<string, number>();
  const move = (itemCd: string, by: number) => left.set(itemCd, (left.get(itemCd) ?? 0) + by);
  for (const { itemCd, qtyHundredths } of original.lines) move(itemCd, qtyHundredths);
  for (const { itemCd, qtyHundredths } of earlier.flatMap((one) => one.lines)) move(itemCd, -qtyHundredths);
  for (const line of lines) move(String(line.itemCd), -(hundredths(line.qty) ?? 0));
  const over = [...left].find(([, quantity]) => quantity < 0);
  return over && `qty of ${over[0]} in the credit notes is above the original's`;
}
