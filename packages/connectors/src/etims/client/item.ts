import type { SaleRequest } from "../invoice/sale-request.ts";

/** What the lane of a control unit stores: an invoice as it is to be declared, and the number that is bound to it. */
export interface EtimsItem {
  /** KRA's sequence. Bound and stored before the call, by the one sender of the unit. */
  readonly invcNo: number;
  readonly request: SaleRequest;
}

/** As it goes out. */
export function saleBody({ invcNo, request }: EtimsItem): object {
  return { invcNo, ...request.body };
}
