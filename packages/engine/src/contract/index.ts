export { localStoreContract } from "./local-store.ts";
