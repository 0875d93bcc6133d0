import { createHash } from "node:crypto";
import type { Sha256 } from "../chain.ts";

/** SHA-256 as tills and servers hand it in. */
export const sha256: Sha256 = (text) => createHash("sha256").update(text, "utf8").digest("hex");
