import type { Submission } from "@tillsync/server/ingest";
import { type HeadRow, headKey, lifeKey, type StoreTables } from "../centre/tables.ts";
import { documentOf } from "../foreign/documents.ts";
import { said } from "./bytes.ts";

/** The one life of whoever has no journal, as docs/protocol.md has it. */
export const CENTRAL = "0000000000000000";

/** How a document stood at a moment: what had been applied to it, and whether the content in question was what stood. */
export interface Moment {
  readonly applied: ReadonlySet<string>;
  readonly stands: boolean;
}

/** Where the changes of central lives are, by what they say. Rows are only ever added to a store, so looking goes on where it stopped. */
export class StoredIndex {
  readonly #tables: StoreTables;
  readonly #terminals: ReadonlySet<string>;
  readonly #through = new Map<string, number>();
  readonly #places = new Map<string, string>();
  /** By document: the places of all its versions, whoever sent them. */
  readonly #versions = new Map<string, string[]>();

  constructor(tables: StoreTables, terminals: ReadonlySet<string>) {
    this.#tables = tables;
    this.#terminals = terminals;
  }

  find(key: string): HeadRow | undefined {
    this.#readOn();
    return this.#tables.heads.get(this.#places.get(key) ?? "");
  }

  now(submission: Submission): Moment {
    const document = this.#tables.documents.get(documentOf(submission));
    const isDeleted = document?.state === "deleted";
    const { contentHash } = submission.payload;
    const isThat = isWithdrawal(submission) ? isDeleted : !isDeleted && document?.contentHash === contentHash;
    const applied = this.#applied(submission).map(([place]) => place);
    return { applied: new Set(applied), stands: isThat && document?.contentHash != null };
  }

  /** Whether this content, or a deletion, was what stood at any time, or at any time since a moment. */
  hasStood(submission: Submission, since?: Moment): boolean {
    if (since?.stands) return true;
    const { contentHash } = submission.payload;
    return this.#applied(submission).some(([place, head]) => {
      if (since?.applied.has(place)) return false;
      const what = said(head.body);
      if (isWithdrawal(submission)) return what.kind?.endsWith(".withdrawn") === true;
      return what.kind === submission.kind && what.contentHash === contentHash;
    });
  }

  #applied(submission: Submission): [string, HeadRow][] {
    this.#readOn();
    return (this.#versions.get(documentOf(submission)) ?? []).flatMap((place) => {
      const head = this.#tables.heads.get(place);
      return head?.effect === "applied" ? [[place, head] as [string, HeadRow]] : [];
    });
  }

  #readOn(): void {
    for (const terminal of this.#terminals) {
      const through = this.#tables.lives.get(lifeKey(terminal, CENTRAL))?.durableThrough ?? 0;
      for (let seq = (this.#through.get(terminal) ?? 0) + 1; seq <= through; seq++) {
        const place = headKey(terminal, CENTRAL, seq);
        const head = this.#tables.heads.get(place);
        if (head) this.#add(terminal, place, head);
      }
      this.#through.set(terminal, through);
    }
  }

  #add(terminal: string, place: string, head: HeadRow): void {
    const key = keyOfHead(terminal, head);
    if (!this.#places.has(key)) this.#places.set(key, place);
    const what = said(head.body);
    const document = `${what.kind?.slice(0, what.kind.indexOf("."))}/${what.localId}`;
    const versions = this.#versions.get(document);
    if (versions) versions.push(place);
    else this.#versions.set(document, [place]);
  }
}

/** As `submissionKey`, from the bytes that are stored. */
export function keyOfHead(terminal: string, head: HeadRow): string {
  const { kind, localId, version, contentHash } = said(head.body);
  return `${terminal} ${kind} ${localId} ${version} ${contentHash ?? ""}`;
}

function isWithdrawal({ kind }: Submission): boolean {
  return kind.endsWith(".withdrawn");
}
