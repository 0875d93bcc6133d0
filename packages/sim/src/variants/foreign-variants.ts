import { sha256 } from "@tillsync/engine";
import { type DocumentRow, entityKey, type IngestTransaction, type Standing } from "@tillsync/server/ingest";
import { type DocumentAt, documentKey } from "../centre/tables.ts";
import { documentOf } from "../foreign/documents.ts";
import type { Variant } from "./variant.ts";
import { memoryOf, withStatements } from "./wrap.ts";

const WITH_DEVICES = ["foreignDevices"] as const;

/** Ways in which the centre can be wrong about documents that come whole. */
export const FOREIGN_VARIANTS: readonly Variant[] = [
  {
    name: "forgets-what-it-refused",
    breaks: "whether a document came before is not asked, so a repeat of a refused version is kept once more",
    caughtBy: ["I1"],
    needs: WITH_DEVICES,
    ingest: (store) =>
      withStatements(store, (tx) => ({
        effectsOf: async () => new Map(),
        store: (life, changes, nowMs) => {
          const known = new Set([...memoryOf(tx).view.heads.values()].map(({ changeId }) => changeId));
          const named = changes.map((change) => (known.has(change.changeId) ? { ...change, changeId: null } : change));
          return tx.store(life, named, nowMs);
        },
      })),
  },
  {
    name: "equal-version-wins",
    breaks: "versions are compared with >=: the same version with other content replaces what stands",
    caughtBy: ["I9", "I16"],
    needs: [...WITH_DEVICES, "sharedDocument"],
    ingest: (store) =>
      withStatements(store, (tx) => lookingAt(tx, (row) => (row.contentHash === null ? row : older(row)))),
  },
  {
    name: "last-document-wins",
    breaks: "whatever comes whole replaces what came whole before it: no version, no conflict",
    caughtBy: ["I9", "I16"],
    needs: WITH_DEVICES,
    ingest: (store) =>
      withStatements(store, (tx) =>
        lookingAt(tx, (row) => (row.contentHash === null ? row : { ...row, version: 0, contentHash: "" })),
      ),
  },
  {
    name: "read-then-write",
    likelySeed: 3,
    breaks: "what stands is read without a lock, and the write believes what was read",
    caughtBy: ["I9", "I16"],
    needs: [...WITH_DEVICES, "sharedDocument", "headOffice", "duplicateRequest"],
    ingest: (store) =>
      withStatements(store, (tx) => {
        const { view } = memoryOf(tx);
        return {
          standings: async (keys) => {
            const rows = keys.flatMap((key) => view.documents.get(documentKey(key.entity, key.localId)) ?? []);
            return new Map(rows.map((row) => [entityKey(row), row]));
          },
          apply: async (life, documents) => {
            await pretend(tx, documents, (row) => (row.contentHash === null ? row : { ...row, version: 0 }));
            return tx.apply(life, documents);
          },
        };
      }),
  },
  {
    name: "deletion-is-overwritten",
    breaks: "a document that head office deleted comes back with the next version that a device sends",
    caughtBy: ["I9", "I16"],
    needs: [...WITH_DEVICES, "headOffice", "sharedDocument"],
    ingest: (store) =>
      withStatements(store, (tx) =>
        lookingAt(tx, (row) =>
          row.contentHash !== null && row.state === "deleted" ? { ...row, state: "closed" } : row,
        ),
      ),
  },
  {
    name: "deletion-beats-payment",
    breaks: "an order that was deleted at head office stays deleted, although a till was paid before it heard of it",
    caughtBy: ["I16", "I21"],
    needs: [...WITH_DEVICES, "headOffice", "sharedOrder"],
    ingest: (store) =>
      withStatements(store, (tx) =>
        lookingAt(tx, (row) =>
          row.state === "deleted" && row.contentHash === null ? { ...row, state: "voided" } : row,
        ),
      ),
  },
  {
    name: "change-id-without-device",
    likelySeed: 3,
    breaks:
      "the same document from two devices has one id, so the second is told what the first was told and is not kept",
    caughtBy: ["I5", "I16"],
    needs: [...WITH_DEVICES, "sharedDocument"],
    submit: (submit) => (context, scope, terminal, submissions) => {
      const forgetful = (text: string) => {
        const [what, , ...rest] = text.split("\n");
        return sha256(what === "tillsync/submission/1" ? [what, ...rest].join("\n") : text);
      };
      return submit({ ...context, sha256: forgetful }, scope, terminal, submissions);
    },
  },
  {
    name: "known-by-local-id",
    breaks: "a document whose localId is known is a duplicate, whatever it says: edits are lost, and told to be there",
    caughtBy: ["I5"],
    needs: WITH_DEVICES,
    submit: (submit, database) => async (context, scope, terminal, submissions) => {
      const { documents } = database.store(scope.storeId);
      const isNew = submissions.filter((submission) => !documents.has(documentOf(submission)));
      const outcomes = await submit(context, scope, terminal, isNew);
      return submissions.map((submission) => {
        const outcome = outcomes[isNew.indexOf(submission)];
        return outcome ?? { effect: "applied", code: null, message: null, receivedAtMs: 0, duplicate: true };
      });
    },
  },
  {
    name: "conflicts-are-only-told",
    breaks: "a version that is refused is told to be so, and not kept",
    caughtBy: ["I5", "I16"],
    needs: WITH_DEVICES,
    ingest: (store) =>
      withStatements(store, (tx) => {
        const isKept = ({ effect, kind }: { effect: string; kind: string | null }) =>
          effect !== "conflict" || kind?.endsWith(".submitted") !== true;
        return { store: (life, changes, nowMs) => tx.store(life, changes.filter(isKept), nowMs) };
      }),
  },
];

/** Statements that find what stands to be something else, for reading and for writing. */
function lookingAt(tx: IngestTransaction, as: (row: DocumentAt) => DocumentAt): Partial<IngestTransaction> {
  const seen = (standing: Standing): Standing => as(standing as DocumentAt);
  return {
    standings: async (keys) => new Map([...(await tx.standings(keys))].map(([key, row]) => [key, seen(row)])),
    document: async (entity, localId) => {
      const standing = await tx.document(entity, localId);
      return standing && seen(standing);
    },
    apply: async (life, documents) => {
      await pretend(tx, documents, as);
      return tx.apply(life, documents);
    },
  };
}

/** Makes what stands under these documents something else, under their locks. */
async function pretend(
  tx: IngestTransaction,
  documents: readonly DocumentRow[],
  as: (row: DocumentAt) => DocumentAt,
): Promise<void> {
  const { view } = memoryOf(tx);
  for (const { entity, localId } of documents) {
    await tx.document(entity, localId);
    const key = documentKey(entity, localId);
    const standing = view.documents.get(key);
    if (standing) view.documents.put(key, as(standing));
  }
}

function older(row: DocumentAt): DocumentAt {
  return { ...row, version: row.version - 1 };
}
