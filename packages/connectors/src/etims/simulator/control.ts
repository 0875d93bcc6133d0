import { SyncError } from "@tillsync/protocol";
import { z } from "zod";
import { plainControl, routesOf } from "../../simulator/control.ts";
import type { ControlRoute } from "../../simulator/machine.ts";
import { countInvoices, duplicatesOf, gapsOf } from "./counts.ts";
import { ETIMS_FAULTS } from "./faults.ts";
import { takeForeignNumber } from "./other-system.ts";
import { etimsSettings } from "./settings.ts";
import { addDevice, type EtimsState, type Invoice } from "./state.ts";
import { keepContact } from "./vscu.ts";

const branch = {
  tin: z.string().regex(/^[A-Z]\d{9}[A-Z]$/, "a KRA PIN"),
  bhfId: z.string().regex(/^\d\d$/, "two digits"),
};
const device = z.strictObject({
  ...branch,
  dvcSrlNo: z.string().min(1).max(100),
  kind: z.enum(["OSCU", "VSCU"]).default("OSCU"),
  taxprNm: z.string().max(60).default("TILLSYNC SIMULATED SHOP"),
});
const foreign = z.strictObject({ ...branch, count: z.int().min(1).max(1000).default(1) });
const link = z.strictObject({ isUp: z.boolean() });

const route = routesOf<EtimsState>();

export const etimsControl: readonly ControlRoute<EtimsState>[] = [
  ...plainControl<EtimsState>({ kinds: ETIMS_FAULTS, settings: etimsSettings, counts: countInvoices }),
  route({
    method: "GET",
    path: "/control/invoices",
    says: "What was accepted, newest first, with duplicates and gaps.",
    run: (state) => ({
      invoices: state.invoices.map(summary).reverse(),
      duplicates: duplicatesOf(state.invoices).map(summary),
      gaps: gapsOf(state),
    }),
  }),
  route({
    method: "GET",
    path: "/control/devices",
    says: "Control units, without their keys.",
    run: (state) => state.devices.map(({ cmcKey, ...facts }) => ({ ...facts, isInitialised: cmcKey !== null })),
  }),
  route({
    method: "POST",
    path: "/control/devices",
    says: "Approves a control unit: tin, bhfId, dvcSrlNo, kind, taxprNm.",
    body: device,
    run: (state, { body }) => {
      const wanted = body as z.infer<typeof device>;
      const isTaken = state.devices.some(
        (one) => one.tin === wanted.tin && one.bhfId === wanted.bhfId && one.kind === wanted.kind,
      );
      if (isTaken)
        throw new SyncError("INVALID_INPUT", "This branch has a control unit of that kind.", { field: "bhfId" });
      const { cmcKey: _none, ...facts } = addDevice(state, wanted);
      return facts;
    },
  }),
  route({
    method: "POST",
    path: "/control/foreign-invoices",
    says: "Another system with the same PIN takes the next `count` (1) numbers of a branch.",
    body: foreign,
    run: (state, { body }, nowMs) => {
      const { count, ...where } = body as z.infer<typeof foreign>;
      return Array.from({ length: count }, () => takeForeignNumber(state, where, nowMs)?.invcNo);
    },
  }),
  route({
    method: "POST",
    path: "/control/link",
    says: "Cuts or mends the VSCU's link to KRA: isUp.",
    body: link,
    run: (state, { body }, nowMs) => {
      // Until this moment it had contact: what it signed so far is with KRA, and its 24 h begin.
      keepContact(state, nowMs);
      state.link.isUp = (body as z.infer<typeof link>).isUp;
      keepContact(state, nowMs);
      return state.link;
    },
  }),
  route({
    method: "POST",
    path: "/control/expired-tokens",
    says: "Ends all tokens of the gateway.",
    run: (state) => {
      state.tokens = [];
      return { tokens: 0 };
    },
  }),
];

function summary(invoice: Invoice) {
  const { body: _sent, lines: _lines, ...facts } = invoice;
  return facts;
}
