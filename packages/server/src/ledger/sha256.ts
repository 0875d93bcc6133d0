import { hash } from "node:crypto";
import type { Sha256 } from "@tillsync/protocol";

/** The platform's SHA-256, as `protocol` wants it. */
export const sha256: Sha256 = (text) => hash("sha256", text, "hex");
