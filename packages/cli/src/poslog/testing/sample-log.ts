import { temporaryFile } from "../../import/testing/temporary-file.ts";
import { ACS, POSLOG } from "../namespaces.ts";

/** A POSLog with these transactions, as other systems write it. */
export function log(...transactions: readonly string[]): string {
  return `<POSLog xmlns="${POSLOG}" xmlns:acs="${ACS}">${transactions.join("\n")}</POSLog>`;
}

export function logFile(...transactions: readonly string[]): Promise<string> {
  return temporaryFile("log.xml", log(...transactions));
}

export interface Sample {
  readonly sequence?: number;
  /** Attributes of the transaction, such as `CancelFlag="true"`. */
  readonly flags?: string;
  readonly status?: string;
  readonly time?: string;
  readonly currency?: string;
}

/** A retail transaction of these parts. */
export function retail(parts: string, sample: Sample = {}): string {
  const { sequence = 1, flags = "", status = "", time = "2026-01-16T10:00:00", currency = "KES" } = sample;
  return `<Transaction ${flags}><RetailStoreID>9</RetailStoreID><WorkstationID>3</WorkstationID><SequenceNumber>${sequence}</SequenceNumber><BusinessDayDate>2026-01-16</BusinessDayDate><EndDateTime>${time}</EndDateTime><OperatorID>7</OperatorID><CurrencyCode>${currency}</CurrencyCode><RetailTransaction ${status}>${parts}</RetailTransaction></Transaction>`;
}

let number = 0;

export function item(part: string, attributes = ""): string {
  number += 1;
  return `<LineItem ${attributes}><SequenceNumber>${number}</SequenceNumber>${part}</LineItem>`;
}

export function sale(amount: string, more = "", attributes = ""): string {
  return item(
    `<Sale ItemType="Stock"><ItemID>0001</ItemID><Description>BREAD  </Description><RegularSalesUnitPrice>5.00</RegularSalesUnitPrice><ExtendedAmount>${amount}</ExtendedAmount>${more || "<Quantity>1</Quantity>"}</Sale>`,
    attributes,
  );
}

export function tender(amount: string, type = "Cash", more = "", attributes = ""): string {
  return item(`<Tender TenderType="${type}" ${attributes}><Amount>${amount}</Amount>${more}</Tender>`);
}

export function tax(amount: string, base = "100.00"): string {
  return `<Tax><TaxGroupID>V</TaxGroupID><TaxableAmount>${base}</TaxableAmount><Amount>${amount}</Amount><Percent>16</Percent></Tax>`;
}

export function grand(amount: string): string {
  return `<Total TotalType="TransactionGrandAmount">${amount}</Total>`;
}
