// To be loaded before anything else by a process that is a till and nothing more (docs/decisions/0024).
import { setFlagsFromString } from "node:v8";

// The semi-spaces keep the size that they begin with, 1 MiB, and do not double as often as much survives.
setFlagsFromString("--semi-space-growth-factor=1");
