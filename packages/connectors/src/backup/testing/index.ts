export { backupContract, backupOf, type ContractWorld, KEPT } from "./contract.ts";
