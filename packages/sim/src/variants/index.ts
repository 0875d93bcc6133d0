import { CENTRE_VARIANTS } from "./centre-variants.ts";
import { FOREIGN_VARIANTS } from "./foreign-variants.ts";
import { JOINT_VARIANTS } from "./joint-variants.ts";
import { OTHERS_VARIANTS } from "./others-variants.ts";
import { REFERENCE_VARIANTS } from "./reference-variants.ts";
import { RESTORE_VARIANTS } from "./restore-variants.ts";
import { RETIREMENT_VARIANTS } from "./retirement-variants.ts";
import { SCHEDULE_VARIANTS } from "./schedule-variants.ts";
import { SETTLEMENT_VARIANTS } from "./settlement-variants.ts";
import { TILL_VARIANTS } from "./till-variants.ts";
import { PRODUCT, type Variant } from "./variant.ts";

/** Every broken variant, each with the invariants that have to notice it. */
export const VARIANTS: readonly Variant[] = [
  ...TILL_VARIANTS,
  ...SCHEDULE_VARIANTS,
  ...CENTRE_VARIANTS,
  ...JOINT_VARIANTS,
  ...FOREIGN_VARIANTS,
  ...SETTLEMENT_VARIANTS,
  ...OTHERS_VARIANTS,
  ...REFERENCE_VARIANTS,
  ...RESTORE_VARIANTS,
  ...RETIREMENT_VARIANTS,
];

export function findVariant(name: string): Variant | undefined {
  return name === PRODUCT.name ? PRODUCT : VARIANTS.find((variant) => variant.name === name);
}
