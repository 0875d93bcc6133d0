import { SyncError } from "@tillsync/protocol";
import type { ImportedDocument, ImportedEntry, ImportedShift } from "./documents.ts";
import type { Answer, TerminalDoor } from "./terminal-door.ts";

/** Whose name stands on the shifts of an import. */
export const IMPORT_OPERATOR = "import";

/** Opening meets a shift of another date at most once per attempt; more means somebody else works on this terminal. */
const MAX_OPENINGS = 3;

/** What became of an entry of a file. */
export interface Outcome {
  /** The terminal held it already. */
  readonly duplicate: boolean;
  /** The terminal gave it another receipt number than the file has. */
  readonly renumbered: boolean;
}

const PATHS = { order: "/api/orders", transaction: "/api/transactions", inventory: "/api/inventory" } as const;

/**
 * One terminal as an import uses it: each document goes into a shift of its business date.
 *
 *     (any state) --document of another date--> closed --refused: SHIFT_NOT_OPEN--> open --recorded--> open
 *
 * A shift is opened only once the terminal asks for one. So an import that is run again passes over everything it already
 * recorded (the terminal answers "duplicate") without opening a single empty shift on the way.
 *
 * A file that a till exported brings its own shifts. They are opened and closed as they were there, and one that it leaves
 * open stays open; a shift the terminal had before is known by its localId.
 */
export class ImportShifts {
  readonly #door: TerminalDoor;
  /** Business date of the open shift, null when none is open, undefined until asked. */
  #openDate: string | null | undefined;
  /** The open shift is the file's own: it says itself when it closes. */
  #ofFile = false;
  #lastAt: string | undefined;
  opened = 0;

  constructor(door: TerminalDoor) {
    this.#door = door;
  }

  /**
   * Records one entry under its date.
   *
   * @throws SyncError LOCAL_ID_TAKEN when it holds something else under this localId, or this under another date; whatever
   *   else the terminal refuses it with; UNREACHABLE
   */
  async record(entry: ImportedEntry): Promise<Outcome> {
    if (this.#openDate === undefined) this.#openDate = (await this.#current())?.businessDate ?? null;
    if (entry.kind === "shift.opened") return { duplicate: !(await this.#openGiven(entry)), renumbered: false };
    if (entry.kind === "shift.closed") return { duplicate: !(await this.#closeGiven(entry)), renumbered: false };
    await this.#prepare(entry);
    const answer = await this.#post(entry);
    this.#lastAt = entry.draft.occurredAt;
    checkDate(entry, answer);
    const { receiptNumber } = answer.body;
    const renumbered = entry.receiptNumber !== undefined && receiptNumber !== entry.receiptNumber;
    return { duplicate: answer.body.duplicate === true, renumbered };
  }

  /** Closes the open shift, if there is one. */
  async close(): Promise<void> {
    if (this.#openDate === undefined || this.#openDate === null) return;
    const occurredAt = this.#lastAt === undefined ? {} : { occurredAt: this.#lastAt };
    await unlessRefused(
      this.#door.ask("POST", "/api/shifts/close", { operator: IMPORT_OPERATOR, ...occurredAt }),
      "SHIFT_NOT_OPEN",
    );
    this.#openDate = null;
    this.#ofFile = false;
  }

  /** The end of the import: a shift that the file left open stays open. */
  async finish(): Promise<void> {
    if (!this.#ofFile) await this.close();
  }

  /** Sees to it that the shift that is open fits the document; for an order a missing one is opened when it is asked for. */
  async #prepare(document: ImportedDocument): Promise<void> {
    const date = document.outsideShift === true ? null : document.businessDate;
    if (this.#openDate === date || (this.#openDate === null && document.kind !== "inventory")) return;
    // What the terminal holds already needs no shift: one that is open for something else stays as it is.
    if (await this.#holds(document.draft.localId)) return;
    if (this.#openDate !== null) await this.close();
    // Stock may move outside shifts, so the terminal would take it now, under a date of its own.
    if (document.kind === "inventory" && date !== null) await this.#open(document);
  }

  /** @returns false when the terminal had this shift before */
  async #openGiven({ businessDate, draft }: Extract<ImportedShift, { kind: "shift.opened" }>): Promise<boolean> {
    if ((await this.#current())?.localId === draft.localId) {
      this.#openDate = businessDate;
      this.#ofFile = true;
      return false;
    }
    // Looked up first: closing the present shift for one that is in the past would be for nothing.
    if (await this.#holds(draft.localId)) return false;
    await this.close();
    await this.#door.ask("POST", "/api/shifts/open", { ...draft, businessDate });
    this.opened += 1;
    this.#openDate = businessDate;
    this.#ofFile = true;
    return true;
  }

  /** @returns false when it is closed already */
  async #closeGiven({ draft }: Extract<ImportedShift, { kind: "shift.closed" }>): Promise<boolean> {
    if ((await this.#current())?.localId !== draft.localId) return false;
    await unlessRefused(this.#door.ask("POST", "/api/shifts/close", draft), "SHIFT_NOT_OPEN");
    this.#openDate = null;
    this.#ofFile = false;
    return true;
  }

  async #post(document: ImportedDocument): Promise<Answer> {
    const path = PATHS[document.kind];
    const answer = await unlessRefused(this.#door.ask("POST", path, document.draft), "SHIFT_NOT_OPEN");
    if (answer !== undefined) return answer;
    await this.#open(document);
    return this.#door.ask("POST", path, document.draft);
  }

  async #open({ businessDate, draft }: ImportedDocument): Promise<void> {
    const occurredAt = draft.occurredAt === undefined ? {} : { occurredAt: draft.occurredAt };
    for (let attempt = 1; attempt <= MAX_OPENINGS; attempt++) {
      const opened = await unlessRefused(
        this.#door.ask("POST", "/api/shifts/open", { operator: IMPORT_OPERATOR, businessDate, ...occurredAt }),
        "SHIFT_ALREADY_OPEN",
      );
      if (opened !== undefined) this.opened += 1;
      // Already open is what a lost answer to our own opening looks like, too.
      this.#openDate = opened === undefined ? ((await this.#current())?.businessDate ?? null) : businessDate;
      this.#ofFile = false;
      if (this.#openDate === businessDate) return;
      await this.close();
    }
    throw new SyncError(
      "SHIFT_ALREADY_OPEN",
      `Somebody else opens shifts on the terminal at ${this.#door.url}; import through one that is not in use.`,
    );
  }

  async #current(): Promise<{ readonly businessDate: string; readonly localId: string | undefined } | undefined> {
    const { body } = await this.#door.ask("GET", "/api/shifts/current");
    const shift = body.shift;
    if (shift === null || typeof shift !== "object" || !("businessDate" in shift)) return undefined;
    const localId = "localId" in shift && typeof shift.localId === "string" ? shift.localId : undefined;
    return { businessDate: String(shift.businessDate), localId };
  }

  async #holds(localId: string): Promise<boolean> {
    const answer = await unlessRefused(
      this.#door.ask("GET", `/api/explain/${encodeURIComponent(localId)}`),
      "NOT_FOUND",
    );
    return answer !== undefined;
  }
}

/** The answer, or undefined when the terminal refused with this code. */
async function unlessRefused(answer: Promise<Answer>, code: SyncError["code"]): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof SyncError && error.code === code) return undefined;
    throw error;
  }
}

function checkDate({ businessDate, draft }: ImportedDocument, { body }: Answer): void {
  const got = body.businessDate;
  if (typeof got !== "string" || got === businessDate) return;
  const message = `Document ${draft.localId} is on the terminal under business date ${got}; the file says ${businessDate}.`;
  throw new SyncError("LOCAL_ID_TAKEN", message, { field: "businessDate", expected: businessDate, got });
}
