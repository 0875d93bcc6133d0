import { SyncError } from "@tillsync/protocol";
import { type HeadOffice, type HeadOfficeAnswer, noAnswer } from "../head-office.ts";

const side = (shortId: string, seq: number) => {
  return { terminal: "0190a5da-c967-774b-8cce-b302099a8057", shortId, incarnation: "00112233445566ff", seq };
};

/** A conflict as head office tells it. */
export const CONFLICT = {
  ...{ id: 17, entityType: "customer", entityId: "cust-1", conflictType: "CONCURRENT_MODIFICATION" },
  ...{
    resolution: "LAST_WRITE_WINS",
    resolvedByUserId: null,
    resolvedAt: null as string | null,
    state: "open",
    reason: null,
  },
  createdAt: "2026-01-16T08:00:00.000Z",
  local: side("T01", 4),
  remote: side("T02", 9),
  history: [{ at: "2026-01-16T08:00:00.000Z", what: "LAST_WRITE_WINS", by: "centre", reason: null }],
};
export const SIDES = {
  localData: { phone: "0712345678", address: "Moi Avenue" },
  remoteData: { phone: "0787654321", address: "Kenyatta Avenue" },
};

/** Head office as far as a till asks it about conflicts. For tests. */
export class FakeHeadOffice implements HeadOffice {
  /** While false, nobody answers. */
  isThere = true;
  readonly asked: { method: string; path: string; body?: string | undefined }[] = [];
  conflicts: readonly object[] = [CONFLICT];

  ask: HeadOffice["ask"] = async (method, path, body) => {
    this.asked.push({ method, path, body });
    const id = Number(/\/conflicts\/(\d+)/.exec(path)?.[1] ?? 0);
    if (!this.isThere || id === 503) throw noAnswer();
    if (id === 0) return answer(200, { conflicts: this.conflicts, open: this.conflicts.length, next: null });
    if (id === 999)
      return refused(new SyncError("NOT_FOUND", "The centre knows no conflict with this id.", { field: "id" }));
    if (method === "GET") return answer(200, { ...CONFLICT, ...SIDES });
    if (id === 18) return refused(new SyncError("CONFLICT_RESOLVED", "This conflict was resolved already."));
    if (id === 19) return refused(new SyncError("ALREADY_CLOSED", "A final order of a till takes no edit."));
    this.conflicts = [];
    const { actor = "", reason = "", keep } = JSON.parse(body ?? "{}");
    const resolution = keep === "mine" ? "KEEP_MINE" : keep === "theirs" ? "KEEP_THEIRS" : "MERGED";
    const resolvedAt = "2026-01-16T09:00:00.000Z";
    const history = [...CONFLICT.history, { at: resolvedAt, what: resolution, by: actor, reason }];
    return answer(200, {
      ...CONFLICT,
      resolution,
      resolvedByUserId: actor,
      resolvedAt,
      state: "resolved",
      reason,
      history,
    });
  };
}

function answer(status: number, body: unknown): HeadOfficeAnswer {
  return { status, text: JSON.stringify(body) };
}

function refused(error: SyncError): HeadOfficeAnswer {
  return answer(error.status, error.toBody("example-1"));
}
