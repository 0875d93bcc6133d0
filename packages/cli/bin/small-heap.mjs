// To be loaded before anything else by a process that is a till and nothing more (docs/decisions/0024).
import { setFlagsFromString } from "node:v8";

// The semi-spaces keep the size that they begin with, 1 MiB, and do not double as often as much survives.
setFlagsFromString("--semi-space-growth-factor=1");
// The old generation is collected when it is half as large again as what lived at its last collection. By itself V8 lets
// it grow several times as large, and with it the bytes of pages that nobody reads any more.
setFlagsFromString("--heap-growing-percent=50");
