import { ConflictItem } from "./conflict-item.tsx";
import { GrowingList } from "./growing-list.tsx";
import { Panel } from "./panel.tsx";
import { texts } from "./texts.ts";
import type { Conflict, ConflictPage } from "./till-api.ts";

/** What lost to another version and nobody has looked at yet; both sides, and the decision. */
export function ConflictsScreen() {
  return (
    <Panel title={texts.conflictsTitle}>
      <p className="quiet">{texts.conflictsMore}</p>
      <GrowingList
        path="/api/conflicts?state=open"
        items={(page: ConflictPage) => page.conflicts.map((one) => ({ ...one, isKnownOnly: page.source === "till" }))}
        hasMore={({ next }) => next !== null}
        keyOf={({ id }) => String(id)}
        none={texts.conflictsNone}
      >
        {(item: Conflict & { readonly isKnownOnly: boolean }) => (
          <ConflictItem conflict={item} isOffline={item.isKnownOnly} />
        )}
      </GrowingList>
    </Panel>
  );
}
