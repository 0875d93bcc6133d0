import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Told } from "./disk-till.ts";
import { type DiskCall, interposer, type NotRun, spawnBehind } from "./interposer.ts";
import { judgeImage } from "./judge-image.ts";
import { type CutImage, cutImages } from "./power-cut.ts";
import { FAST } from "./power-cut-run.ts";
import { readTrace, type TracedCall, within } from "./write-trace.ts";

const CHILD = fileURLToPath(new URL("./failing-shifts.ts", import.meta.url));

/** Which call of the operating system fails, and how. */
export interface FailingCall {
  readonly call: DiskCall;
  /** `short`: half is done, and a write behind it finds no space. */
  readonly errno: number | "short";
  /** How often in a row; 0 without end. */
  readonly times: number;
  /** Counted from before the till starts; else from its open shift on. */
  readonly atStart?: boolean;
}

export interface ShiftOutcome {
  readonly nth: number;
  /** The shift came as far as the call that fails. */
  readonly struck: boolean;
  readonly sold: number;
  readonly codes: readonly string[];
  readonly violations: readonly string[];
}

/** Shifts in one process: what they write is kept until they are judged. */
const AT_ONCE = 50;

/**
 * Plays a shift for each of the first `upTo` N, in each of which the N-th such call fails. Each is judged as a restart finds
 * it, and once more as a power cut would leave it that takes everything which was not flushed.
 */
export async function failEach(
  failing: FailingCall,
  upTo: number,
  variant = "product",
): Promise<readonly ShiftOutcome[] | NotRun> {
  const library = interposer();
  if (typeof library !== "string") return library;
  const outcomes: ShiftOutcome[] = [];
  for (let from = 1; from <= upTo; from += AT_ONCE) {
    const to = Math.min(upTo + 1, from + AT_ONCE);
    const found = await failRange(library, failing, [variant, JSON.stringify(failing), String(from), String(to)]);
    outcomes.push(...found);
    if (found.some(({ struck }) => !struck)) break;
  }
  return outcomes;
}

/** SQLite goes on when it cannot open a folder to flush it: that and a power cut at once are two faults, and not asked for. */
async function failRange(library: string, failing: FailingCall, args: readonly string[]): Promise<ShiftOutcome[]> {
  const folder = mkdtempSync(join(FAST, "tillsync-failing-"));
  const log = `${folder}.log`;
  try {
    const options = { stdio: ["ignore", "pipe", "inherit"] as ["ignore", "pipe", "inherit"] };
    const child = spawnBehind(library, CHILD, { folder, log, args: [folder, ...args], options });
    const ended = once(child, "exit");
    const lines = await text(child.stdout as Readable);
    const [code] = await ended;
    if (code !== 0) throw new Error(`the process whose disk fails ended with ${code}`);
    const outcomes = lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as ShiftOutcome);
    const trace = readTrace(log, folder);
    return outcomes.map((outcome) => ({
      ...outcome,
      violations: [
        ...outcome.violations,
        ...(failing.call === "open" ? [] : cutWithin(within(trace, `n${outcome.nth}`), `${folder}-cut`)),
      ],
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(log, { force: true });
  }
}

/**
 * The power is cut where the last receipt was told, and everything that was not flushed is lost; and the process is killed
 * where somebody was told that a sale is not sold, and everything that was written is there.
 */
function cutWithin(trace: readonly TracedCall[], folder: string): string[] {
  const notes = trace.flatMap((call, at) =>
    call.op === "write" && call.file === "told" ? [{ at, ...(JSON.parse(call.bytes.toString()) as Note) }] : [],
  );
  const told = notes.filter((note): note is typeof note & Told => note.localId !== undefined);
  const lost = imageAt(trace, told.at(-1)?.at, 0);
  const wrong = lost === undefined ? [] : judgeImage(folder, lost.files, told).violations;
  const violations = wrong.map((what) => `after a power cut: ${what}`);
  for (const { at, unsold } of notes.filter((note) => note.unsold !== undefined).slice(0, 2)) {
    const kept = imageAt(trace, at, 0.99);
    const before = told.filter((each) => each.at < at);
    if (kept === undefined || unsold === undefined) continue;
    const found = judgeImage(folder, kept.files, before, new Set([unsold])).violations;
    violations.push(...found.map((what) => `killed after a refusal: ${what}`));
  }
  rmSync(folder, { recursive: true, force: true });
  return violations;
}

type Note = Partial<Told> & { readonly unsold?: string };

function imageAt(trace: readonly TracedCall[], at: number | undefined, chance: number): CutImage | undefined {
  if (at === undefined) return undefined;
  const [image] = cutImages(trace, [at + 1], () => chance);
  return image;
}
