import { GrowingList } from "./growing-list.tsx";
import { Panel } from "./panel.tsx";
import { FailedItem, WaitingItem } from "./queue-item.tsx";
import { texts } from "./texts.ts";
import type { QueueItem } from "./till-api.ts";

interface Queue {
  readonly items: readonly QueueItem[];
  readonly next: string | null;
}

/** What needs a person, and what is on its way. */
export function QueueScreen() {
  return (
    <div className="columns">
      <div>
        <Panel title={texts.failedTitle}>
          <GrowingList
            path="/api/queue?status=Failed"
            items={(queue: Queue) => queue.items}
            hasMore={({ next }) => next !== null}
            keyOf={({ id }) => id}
            none={texts.failedNone}
          >
            {(item) => <FailedItem item={item} />}
          </GrowingList>
        </Panel>
      </div>
      <div>
        <Panel title={texts.pendingTitle}>
          <GrowingList
            path="/api/queue?status=Pending"
            items={(queue: Queue) => queue.items}
            hasMore={({ next }) => next !== null}
            keyOf={({ id }) => id}
            none={texts.pendingNone}
          >
            {(item) => <WaitingItem item={item} />}
          </GrowingList>
        </Panel>
      </div>
    </div>
  );
}
