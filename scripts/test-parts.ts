/** The parts that are vitest files, by the ending of their names. Everything else that is a test is a unit test. */
const ENDINGS = {
  pg: "needs PostgreSQL",
  sim: "the simulated world, a few seeds (TILLSYNC_SIM_SEEDS=200 for more)",
  docs: "the pages in docs/ say what the code does",
  fuzz: "hostile input: fuzz and abuse (TILLSYNC_SEED runs the same again)",
  browser: "the till's page in Chromium",
  broken: "broken files, full disks, bad networks",
  kill: "kill -9 of real processes at awkward moments",
} as const;

type Ending = keyof typeof ENDINGS;
export type PartName = "check" | "lint" | "unit" | Ending;

export interface Part {
  readonly name: PartName;
  readonly says: string;
  /** Not part of a plain `npm test`, only of `--all` or when named. */
  readonly onlyInAll: boolean;
  /** It starts processes and waits for them: one file more than there are cores keeps these busy. */
  readonly waits?: boolean;
  /** Globs of its test files; absent for parts that are not vitest. */
  readonly files?: { readonly include: readonly string[]; readonly exclude: readonly string[] };
}

const WAITING: ReadonlySet<Ending> = new Set(["pg", "docs", "browser", "kill"]);

const NEVER = ["**/node_modules/**", "**/dist/**", ".tillsync/**"];

export const PARTS: readonly Part[] = [
  { name: "check", says: "types (tsc)", onlyInAll: false },
  { name: "lint", says: "lint and format (biome)", onlyInAll: false },
  {
    name: "unit",
    says: "fast tests, style included",
    onlyInAll: false,
    files: {
      include: ["**/*.test.ts"],
      exclude: [...NEVER, ...Object.keys(ENDINGS).map((ending) => `**/*.${ending}.test.ts`)],
    },
  },
  filesEnding("pg"),
  filesEnding("sim"),
  filesEnding("docs"),
  filesEnding("fuzz"),
  filesEnding("browser", true),
  filesEnding("broken", true),
  filesEnding("kill", true),
];

/** The parts asked for, in the order in which they run. Throws a sentence for a name that is none. */
export function chooseParts(names: readonly string[], all: boolean): Part[] {
  const unknown = names.find((name) => !PARTS.some((part) => part.name === name));
  if (unknown !== undefined) {
    throw new Error(`there is no part "${unknown}": choose from ${PARTS.map((part) => part.name).join(", ")}`);
  }
  if (names.length > 0) return PARTS.filter((part) => names.includes(part.name));
  return PARTS.filter((part) => all || !part.onlyInAll);
}

function filesEnding(name: Ending, onlyInAll = false): Part {
  const files = { include: [`**/*.${name}.test.ts`], exclude: NEVER };
  return { name, says: ENDINGS[name], onlyInAll, waits: WAITING.has(name), files };
}
