import { SyncError } from "@tillsync/protocol";
import type { ImportedDocument } from "./documents.ts";
import type { Answer, TerminalDoor } from "./terminal-door.ts";

/** Whose name stands on the shifts of an import. */
export const IMPORT_OPERATOR = "import";

/** Opening meets a shift of another date at most once per attempt; more means somebody else works on this terminal. */
const MAX_OPENINGS = 3;

const PATHS = { order: "/api/orders", transaction: "/api/transactions", inventory: "/api/inventory" } as const;

/**
 * One terminal as an import uses it: each document goes into a shift of its business date.
 *
 *     (any state) --document of another date--> closed --refused: SHIFT_NOT_OPEN--> open --recorded--> open
 *
 * A shift is opened only once the terminal asks for one. So an import that is run again passes over everything it already
 * recorded (the terminal answers "duplicate") without opening a single empty shift on the way.
 */
export class ImportShifts {
  readonly #door: TerminalDoor;
  /** Business date of the open shift, null when none is open, undefined until asked. */
  #openDate: string | null | undefined;
  #lastAt: string | undefined;
  opened = 0;

  constructor(door: TerminalDoor) {
    this.#door = door;
  }

  /**
   * Records one document under its date.
   *
   * @returns true when the terminal held it already
   * @throws SyncError LOCAL_ID_TAKEN when it holds something else under this localId, or this under another date; whatever
   *   else the terminal refuses it with; UNREACHABLE
   */
  async record(document: ImportedDocument): Promise<boolean> {
    if (this.#openDate === undefined) this.#openDate = await this.#currentDate();
    if (this.#openDate !== null && this.#openDate !== document.businessDate) await this.close();
    // Stock may move outside shifts, so the terminal would take it now, under a date of its own.
    if (document.kind === "inventory" && this.#openDate === null && !(await this.#holds(document.draft.localId)))
      await this.#open(document);
    const answer = await this.#post(document);
    this.#lastAt = document.draft.occurredAt;
    checkDate(document, answer);
    return answer.body.duplicate === true;
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
      this.#openDate = opened === undefined ? await this.#currentDate() : businessDate;
      if (this.#openDate === businessDate) return;
      await this.close();
    }
    throw new SyncError(
      "SHIFT_ALREADY_OPEN",
      `Somebody else opens shifts on the terminal at ${this.#door.url}; import through one that is not in use.`,
    );
  }

  async #currentDate(): Promise<string | null> {
    const { body } = await this.#door.ask("GET", "/api/shifts/current");
    const shift = body.shift;
    return shift !== null && typeof shift === "object" && "businessDate" in shift ? String(shift.businessDate) : null;
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
