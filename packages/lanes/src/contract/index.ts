export { type DestinationUnderTest, destinationContract } from "./destination.ts";
export { itemStoreContract } from "./item-store.ts";
