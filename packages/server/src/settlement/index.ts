export { giftsFor } from "./gifts.ts";
export { type JudgeContext, judgeShift, settlementOf, type Verdict } from "./judge.ts";
export { type MarkedRows, markRows } from "./mark-rows.ts";
export type {
  ClosePlace,
  Judgement,
  Marks,
  SettlementRow,
  SettlementStore,
  SettlementTransaction,
  StoredRow,
} from "./ports.ts";
export { postgresSettlements } from "./postgres.ts";
export { hasToSettle, type SettlementContext, settleAfter, settleShift } from "./settle.ts";
